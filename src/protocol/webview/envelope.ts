import * as v from 'valibot';

/** What a page remembers while it is hidden may be no longer, as JSON. */
const LONGEST_TEXT = 4_096;

/**
 * The language between the extension and one kind of page. Both sides check what they are sent against it: schemas allow
 * unknown fields and cut nothing off.
 */
export interface PanelProtocol<TextKey extends string, Snapshot, Delta, Action> {
  /** The texts the page shows; the extension hands them over in the person's language. */
  readonly textKeys: readonly TextKey[];
  /** All there is to show. */
  readonly snapshot: v.GenericSchema<unknown, Snapshot>;
  /** What changed since the message before. */
  readonly delta: v.GenericSchema<unknown, Delta>;
  /** What the person, or the page for them, wants. */
  readonly action: v.GenericSchema<unknown, Action>;
}

export type PanelTexts<TextKey extends string> = Readonly<Record<TextKey, string>>;

/**
 * From the extension. A session begins with a snapshot, whose sequence is 0, and each delta has the next number: a page
 * that misses one asks anew, and takes nothing of a session whose snapshot it has not seen.
 */
export type ToPage<TextKey extends string, Snapshot, Delta> =
  | {
      readonly kind: 'snapshot';
      readonly session: number;
      /** BCP 47, as VS Code names the display language. */
      readonly language: string;
      readonly texts: PanelTexts<TextKey>;
      readonly snapshot: Snapshot;
    }
  | { readonly kind: 'delta'; readonly session: number; readonly sequence: number; readonly delta: Delta };

/** From the page. */
export type ToHost<Action> =
  /** It is there and knows nothing (any more): a snapshot, please. */
  | { readonly kind: 'ready' }
  /** @property session of the snapshot that the person saw */
  | { readonly kind: 'action'; readonly session: number; readonly action: Action }
  /** Something in the page failed; for the diagnostics. */
  | { readonly kind: 'failed'; readonly message: string };

const NumberSchema = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const ToPageSchema = v.variant('kind', [
  v.object({
    kind: v.literal('snapshot'),
    session: NumberSchema,
    language: v.string(),
    texts: v.record(v.string(), v.string()),
    snapshot: v.unknown(),
  }),
  v.object({
    kind: v.literal('delta'),
    session: NumberSchema,
    sequence: v.pipe(NumberSchema, v.minValue(1)),
    delta: v.unknown(),
  }),
]);

const ToHostSchema = v.variant('kind', [
  v.object({ kind: v.literal('ready') }),
  v.object({ kind: v.literal('action'), session: NumberSchema, action: v.unknown() }),
  v.object({ kind: v.literal('failed'), message: v.pipe(v.string(), v.maxLength(LONGEST_TEXT)) }),
]);

/** What the extension sent, or `undefined` if it is nothing that the page understands. */
export function readForPage<TextKey extends string, Snapshot, Delta, Action>(
  protocol: PanelProtocol<TextKey, Snapshot, Delta, Action>,
  value: unknown,
): ToPage<TextKey, Snapshot, Delta> | undefined {
  const envelope = v.safeParse(ToPageSchema, value);
  if (!envelope.success) return undefined;
  const message = envelope.output;
  if (message.kind === 'delta') {
    const delta = v.safeParse(protocol.delta, message.delta);
    return delta.success ? { ...message, delta: delta.output } : undefined;
  }
  const snapshot = v.safeParse(protocol.snapshot, message.snapshot);
  const { texts } = message;
  if (!snapshot.success || !hasTexts(protocol.textKeys, texts)) return undefined;
  return { ...message, texts, snapshot: snapshot.output };
}

/** What the page sent, or `undefined` if it is nothing that the extension understands. */
export function readForHost<Action>(
  protocol: Pick<PanelProtocol<string, unknown, unknown, Action>, 'action'>,
  value: unknown,
): ToHost<Action> | undefined {
  const envelope = v.safeParse(ToHostSchema, value);
  if (!envelope.success) return undefined;
  const message = envelope.output;
  if (message.kind !== 'action') return message;
  const action = v.safeParse(protocol.action, message.action);
  return action.success ? { ...message, action: action.output } : undefined;
}

function hasTexts<TextKey extends string>(
  keys: readonly TextKey[],
  texts: Readonly<Record<string, string>>,
): texts is Readonly<Record<TextKey, string>> {
  return keys.every((key) => texts[key] !== undefined);
}
