import type { JsonObject } from '../../protocol/envelope';
import type { WireError } from '../../protocol/errorCodes';

/** What came of a command that ran, as its final response tells it. */
export type CommandOutcome =
  | {
      readonly status: 'done';
      /** What the response is made of; JSON without secrets. */
      readonly result?: JsonObject;
    }
  | { readonly status: 'failed'; readonly error: WireError }
  /** The agent was ended while it ran; `reconciled` is what the container's state tells of it since. */
  | { readonly status: 'unknown'; readonly reconciled: Reconciled; readonly message: string };

export type Reconciled = 'done' | 'notDone' | 'undetermined';

/** A command as it is remembered before it runs. */
export interface CommandIntent {
  readonly tokenId: string;
  /** Chosen by the client. */
  readonly commandId: string;
  /** Tells its content from any other; the same id with another digest is a mistake of the client. */
  readonly digest: string;
  /** What to do, for reconciling; JSON. */
  readonly command: unknown;
  /** When it came, in milliseconds since the Unix epoch. */
  readonly atMs: number;
}

export interface CommandEntry extends CommandIntent {
  /** Absent while it runs. */
  readonly outcome?: CommandOutcome;
}

export type CommandKey = Pick<CommandIntent, 'tokenId' | 'commandId'>;

export type BeginAnswer =
  /** It was not known: run it once the intent is on disk. */
  | { readonly kind: 'new' }
  /** It was: answer what came of it, or will. Don't run it. */
  | { readonly kind: 'known'; readonly entry: CommandEntry }
  | { readonly kind: 'commandIdReused' }
  | { readonly kind: 'tooManyCommands' };

export interface CommandTableLimits {
  readonly commandRetentionMs: number;
  /** Of one token. */
  readonly maxCommandsKept: number;
  /** Of all tokens together. */
  readonly maxTotal: number;
}

/** Remembers commands by token and id, so that none runs twice. Pure: the journal puts on disk what happens here. */
export class CommandTable {
  /** In the order they came. */
  private readonly entries = new Map<string, CommandEntry>();
  private readonly countByToken = new Map<string, number>();

  constructor(private readonly limits: CommandTableLimits) {}

  get size(): number {
    return this.entries.size;
  }

  get all(): Iterable<CommandEntry> {
    return this.entries.values();
  }

  get(key: CommandKey): CommandEntry | undefined {
    return this.entries.get(textOf(key));
  }

  begin(intent: CommandIntent): BeginAnswer {
    this.forgetOld(intent.atMs);
    const known = this.get(intent);
    if (known !== undefined) {
      return known.digest === intent.digest ? { kind: 'known', entry: known } : { kind: 'commandIdReused' };
    }
    const { maxCommandsKept, maxTotal } = this.limits;
    const ofToken = this.countByToken.get(intent.tokenId) ?? 0;
    if (ofToken >= maxCommandsKept || this.entries.size >= maxTotal) return { kind: 'tooManyCommands' };
    this.add(intent);
    return { kind: 'new' };
  }

  /** Puts in what was remembered before, whatever the limits. */
  add(entry: CommandEntry): void {
    if (this.get(entry) === undefined) {
      this.countByToken.set(entry.tokenId, (this.countByToken.get(entry.tokenId) ?? 0) + 1);
    }
    this.entries.set(textOf(entry), entry);
  }

  /** Says what came of a command; a later word replaces an earlier one only if that was `unknown`. */
  settle(key: CommandKey, outcome: CommandOutcome): CommandEntry | undefined {
    const known = this.get(key);
    if (known === undefined || (known.outcome !== undefined && known.outcome.status !== 'unknown'))
      return undefined;
    const entry = { ...known, outcome };
    this.entries.set(textOf(key), entry);
    return entry;
  }

  /** Forgets a command that did not run after all. */
  delete(key: CommandKey): void {
    if (!this.entries.delete(textOf(key))) return;
    const count = (this.countByToken.get(key.tokenId) ?? 1) - 1;
    if (count === 0) this.countByToken.delete(key.tokenId);
    else this.countByToken.set(key.tokenId, count);
  }

  /** What was under way when the agent was ended: only a look at the container can tell what came of it. */
  interrupted(): readonly CommandEntry[] {
    return [...this.entries.values()].filter(
      ({ outcome }) =>
        outcome === undefined || (outcome.status === 'unknown' && outcome.reconciled === 'undetermined'),
    );
  }

  /** What runs is never forgotten, however long it takes. */
  forgetOld(nowMs: number): void {
    for (const entry of this.entries.values()) {
      if (nowMs - entry.atMs <= this.limits.commandRetentionMs) return;
      if (entry.outcome !== undefined) this.delete(entry);
    }
  }
}

/** Neither an id of a token nor one of a command has a space in it. */
function textOf({ tokenId, commandId }: CommandKey): string {
  return `${tokenId} ${commandId}`;
}
