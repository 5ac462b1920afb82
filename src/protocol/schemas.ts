import * as v from 'valibot';
import type { Container, Health } from '../model/container';
import type { LogMarker, LogPlace } from '../model/log';
import { MAX_CONTEXT_LINES, MAX_PATTERNS } from '../model/logFilter';
import { LOG_LEVELS } from '../model/logLevel';
import { MAX_PATTERN_LENGTH } from '../model/logPattern';

const LARGEST_STREAM = 0xffff_ffff;
const LARGEST_TERMINAL = 1_000;
const LONGEST_ID = 128;
const LONGEST_TIMESTAMP = 64;
const BASE64URL_32_BYTES = /^[A-Za-z0-9_-]{43}$/;
const HASH_LIMIT = 0xffff_ffff;

export const CountSchema = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const ShortTextSchema = v.pipe(v.string(), v.maxLength(256));
export const ContainerIdSchema = v.pipe(v.string(), v.minLength(1), v.maxLength(LONGEST_ID));
export const StreamIdSchema = v.pipe(CountSchema, v.minValue(1), v.maxValue(LARGEST_STREAM));
/** 32 bytes in base64url: nonces, proofs, fingerprints. */
export const Bytes32Schema = v.pipe(v.string(), v.regex(BASE64URL_32_BYTES));
const TimestampSchema = v.pipe(v.string(), v.maxLength(LONGEST_TIMESTAMP));

export const WireErrorSchema = v.object({
  code: ShortTextSchema,
  message: v.string(),
  retryAfterMs: v.exactOptional(CountSchema),
});

const ComposeSchema = v.object({ project: v.string(), service: v.string(), replica: v.number() });

const PortSchema = v.object({
  containerPort: v.number(),
  protocol: v.string(),
  hostPort: v.exactOptional(v.number()),
  hostAddress: v.exactOptional(v.string()),
});

const HEALTHS: readonly string[] = ['starting', 'healthy', 'unhealthy'] satisfies readonly Health[];

const RunTimesSchema = v.object({
  startedAtMs: v.exactOptional(v.number()),
  end: v.exactOptional(
    v.object({ atMs: v.number(), exitCode: v.exactOptional(v.number()), outOfMemory: v.boolean() }),
  ),
});

export const ContainerSchema = v.pipe(
  v.object({
    id: ContainerIdSchema,
    name: v.string(),
    image: v.string(),
    imageId: v.string(),
    command: v.string(),
    createdAtMs: v.number(),
    state: v.string(),
    statusText: v.string(),
    health: v.exactOptional(v.string()),
    exitCode: v.exactOptional(v.number()),
    stateSinceMs: v.exactOptional(v.number()),
    run: v.exactOptional(RunTimesSchema),
    ports: v.array(PortSchema),
    labels: v.record(v.string(), v.string()),
    compose: v.exactOptional(ComposeSchema),
  }),
  v.transform(({ health, ...rest }): Container => (isHealth(health) ? { ...rest, health } : rest)),
);

/** What a newer engine calls a health state is shown as none, like a container without a check. */
function isHealth(health: string | undefined): health is Health {
  return health !== undefined && HEALTHS.includes(health);
}

const PatternTextSchema = v.pipe(v.string(), v.maxLength(MAX_PATTERN_LENGTH));
const PatternSchema = v.variant('kind', [
  v.object({ kind: v.literal('text'), text: PatternTextSchema, matchCase: v.boolean() }),
  v.object({
    kind: v.literal('regex'),
    source: PatternTextSchema,
    flags: v.pipe(v.string(), v.maxLength(16)),
  }),
]);
const PatternsSchema = v.pipe(v.array(PatternSchema), v.maxLength(MAX_PATTERNS));

export const LogFilterSchema = v.object({
  minimumLevel: v.exactOptional(v.picklist(LOG_LEVELS)),
  hideUnknownLevel: v.exactOptional(v.boolean()),
  include: PatternsSchema,
  exclude: PatternsSchema,
  contextLines: v.pipe(CountSchema, v.maxValue(MAX_CONTEXT_LINES)),
});

export const LogPlaceSchema = v.object({
  cursor: v.object({
    containerId: ContainerIdSchema,
    timestamp: TimestampSchema,
    stream: v.picklist(['stdout', 'stderr']),
    ordinal: CountSchema,
    hash: v.pipe(CountSchema, v.maxValue(HASH_LIMIT)),
  }),
  runStartedAt: TimestampSchema,
  identity: v.object({ name: v.string(), compose: v.exactOptional(ComposeSchema) }),
}) satisfies v.GenericSchema<unknown, LogPlace>;

const RUN_END = { exitCode: v.exactOptional(v.number()), outOfMemory: v.boolean() };

export const LogMarkerSchema = v.variant('kind', [
  v.object({ kind: v.literal('stopped'), ...RUN_END }),
  v.object({ kind: v.literal('restarted'), ...RUN_END }),
  v.object({ kind: v.literal('started') }),
  v.object({ kind: v.literal('connectionLost'), reason: v.string() }),
  v.object({ kind: v.literal('reconnected') }),
  v.object({
    kind: v.literal('gap'),
    from: TimestampSchema,
    to: TimestampSchema,
    count: v.exactOptional(CountSchema),
  }),
  v.object({ kind: v.literal('notShown'), count: CountSchema }),
  v.object({ kind: v.literal('fidelity'), driver: v.string(), fidelity: v.picklist(['cached', 'unknown']) }),
  v.object({ kind: v.literal('engineMessage'), text: v.string() }),
  v.object({ kind: v.literal('removed') }),
  v.object({ kind: v.literal('recreated'), containerId: ContainerIdSchema }),
]) satisfies v.GenericSchema<unknown, LogMarker>;

export const TerminalSizeSchema = v.object({
  columns: v.pipe(CountSchema, v.minValue(1), v.maxValue(LARGEST_TERMINAL)),
  rows: v.pipe(CountSchema, v.minValue(1), v.maxValue(LARGEST_TERMINAL)),
});

const NamedContainer = { id: ContainerIdSchema };

/** The port's `ContainerCommand`. */
export const ContainerCommandSchema = v.variant('kind', [
  v.object({ kind: v.picklist(['start', 'stop', 'restart', 'pause', 'unpause']), ...NamedContainer }),
  v.object({ kind: v.literal('kill'), signal: v.pipe(v.string(), v.maxLength(32)), ...NamedContainer }),
  v.object({ kind: v.literal('rename'), name: ShortTextSchema, ...NamedContainer }),
  v.object({ kind: v.literal('remove'), force: v.boolean(), volumes: v.boolean(), ...NamedContainer }),
]);

/** The port's `EngineInfo`. */
const EngineInfoSchema = v.object({
  product: v.string(),
  version: v.string(),
  apiVersion: v.string(),
  operatingSystem: v.string(),
  address: v.string(),
  source: v.string(),
});

/** How the agent is connected to its engine. A kind that a newer agent knows reads as `connecting`. */
export const EngineStateSchema = v.fallback(
  v.variant('kind', [
    v.object({ kind: v.literal('connecting') }),
    v.object({ kind: v.literal('ready'), info: EngineInfoSchema }),
    v.object({ kind: v.literal('away'), error: WireErrorSchema, retryInMs: CountSchema }),
  ]),
  { kind: 'connecting' },
);
