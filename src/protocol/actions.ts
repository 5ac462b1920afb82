import * as v from 'valibot';
import { DEPLOYMENT_COMMANDS, DEPLOYMENT_EVENTS } from './deploymentActions';
import { ROLES, type Role } from './envelope';
import { LIMITS } from './limits';
import {
  Bytes32Schema,
  ContainerCommandSchema,
  ContainerIdSchema,
  ContainerSchema,
  CountSchema,
  EngineStateSchema,
  LogFilterSchema,
  LogPlaceSchema,
  ShortTextSchema,
  StreamIdSchema,
  TerminalSizeSchema,
} from './schemas';
import { TOKEN_ID } from './tokenId';

const NothingSchema = v.object({});
const StreamSchema = v.object({ stream: StreamIdSchema });

const StreamPositionSchema = v.object({
  stream: StreamIdSchema,
  /** Of the last frame that was taken over; 0 for none. */
  sequence: CountSchema,
  /** All bytes the sender may have sent since the stream began. */
  credit: CountSchema,
});
const StreamPositionsSchema = v.pipe(v.array(StreamPositionSchema), v.maxLength(LIMITS.maxStreams));

export const AckSchema = v.object({ streams: StreamPositionsSchema });

const ResumeSchema = v.object({
  session: ShortTextSchema,
  epoch: ShortTextSchema,
  containers: v.exactOptional(CountSchema),
  streams: StreamPositionsSchema,
});

const NamedVersionSchema = v.object({ name: ShortTextSchema, version: ShortTextSchema });

const AuthenticateSchema = v.object({
  tokenId: v.pipe(v.string(), v.regex(TOKEN_ID)),
  clientNonce: Bytes32Schema,
  serverKey: v.union([v.literal(''), Bytes32Schema]),
  proof: Bytes32Schema,
  client: NamedVersionSchema,
});

const StartLogStreamSchema = v.object({
  stream: StreamIdSchema,
  container_id: ContainerIdSchema,
  tail: v.union([CountSchema, v.literal('all')]),
  since: v.exactOptional(v.pipe(v.string(), v.maxLength(64))),
  follow: v.boolean(),
  filter: v.exactOptional(LogFilterSchema),
  resumeAt: v.exactOptional(LogPlaceSchema),
  credit: CountSchema,
  /** Of the names an agent does not know, it uses none. */
  compression: v.exactOptional(v.string()),
});

const StartExecSchema = v.object({
  stream: StreamIdSchema,
  container_id: ContainerIdSchema,
  command: v.pipe(v.array(v.string()), v.minLength(1)),
  size: TerminalSizeSchema,
  credit: CountSchema,
});

const ContainerIdsSchema = v.pipe(v.array(ContainerIdSchema), v.maxLength(LIMITS.maxWatchedContainers));

const WatchedSchema = v.object({
  stream: StreamIdSchema,
  container_ids: ContainerIdsSchema,
  machine: v.boolean(),
});

const StartMetricsStreamSchema = v.object({ ...WatchedSchema.entries, credit: CountSchema });

const ReadMetricsHistorySchema = v.object({
  ...StartMetricsStreamSchema.entries,
  fromMs: CountSchema,
  toMs: CountSchema,
  maxPoints: v.pipe(CountSchema, v.minValue(1), v.maxValue(LIMITS.maxHistoryPoints)),
});

interface CommandDefinition {
  readonly channel: string;
  /** The least role that may; `none` before anybody is known, `byKind` where the data decide. */
  readonly role: Role | 'none' | 'byKind';
  /** It must carry a signature, and runs at most once. */
  readonly isSigned: boolean;
  readonly data: v.GenericSchema;
  readonly result: v.GenericSchema;
}

/** What a client may ask; the table "Commands" of PROTOCOL.md. */
export const COMMANDS = {
  authenticate: {
    channel: 'system',
    role: 'none',
    isSigned: false,
    data: AuthenticateSchema,
    result: v.object({ proof: Bytes32Schema }),
  },
  open_session: {
    channel: 'system',
    role: 'viewer',
    isSigned: false,
    data: v.object({ resume: v.exactOptional(ResumeSchema) }),
    result: NothingSchema,
  },
  ping: { channel: 'system', role: 'viewer', isSigned: false, data: NothingSchema, result: NothingSchema },
  request_state: {
    channel: 'container',
    role: 'viewer',
    isSigned: false,
    data: NothingSchema,
    result: NothingSchema,
  },
  inspect: {
    channel: 'container',
    role: 'viewer',
    isSigned: false,
    data: v.object({ container_id: ContainerIdSchema }),
    result: v.object({ container: v.unknown() }),
  },
  perform: {
    channel: 'container',
    role: 'byKind',
    isSigned: true,
    data: v.object({ command: ContainerCommandSchema }),
    result: NothingSchema,
  },
  start_log_stream: {
    channel: 'log',
    role: 'viewer',
    isSigned: false,
    data: StartLogStreamSchema,
    result: NothingSchema,
  },
  stop_log_stream: {
    channel: 'log',
    role: 'viewer',
    isSigned: false,
    data: StreamSchema,
    result: NothingSchema,
  },
  start_exec: {
    channel: 'exec',
    role: 'admin',
    isSigned: true,
    data: StartExecSchema,
    result: v.object({ credit: CountSchema }),
  },
  resize_exec: {
    channel: 'exec',
    role: 'admin',
    isSigned: false,
    data: v.object({ stream: StreamIdSchema, size: TerminalSizeSchema }),
    result: NothingSchema,
  },
  stop_exec: { channel: 'exec', role: 'admin', isSigned: false, data: StreamSchema, result: NothingSchema },
  start_metrics_stream: {
    channel: 'metrics',
    role: 'viewer',
    isSigned: false,
    data: StartMetricsStreamSchema,
    result: NothingSchema,
  },
  change_metrics_stream: {
    channel: 'metrics',
    role: 'viewer',
    isSigned: false,
    data: WatchedSchema,
    result: NothingSchema,
  },
  read_metrics_history: {
    channel: 'metrics',
    role: 'viewer',
    isSigned: false,
    data: ReadMetricsHistorySchema,
    result: NothingSchema,
  },
  stop_metrics_stream: {
    channel: 'metrics',
    role: 'viewer',
    isSigned: false,
    data: StreamSchema,
    result: NothingSchema,
  },
  ...DEPLOYMENT_COMMANDS,
} as const satisfies Record<string, CommandDefinition>;

/** What a container command needs; the table in PROTOCOL.md's chapter 6. */
export const PERFORM_ROLES = {
  start: 'operator',
  stop: 'operator',
  restart: 'operator',
  pause: 'operator',
  unpause: 'operator',
  kill: 'operator',
  rename: 'admin',
  remove: 'admin',
} as const satisfies Record<v.InferOutput<typeof ContainerCommandSchema>['kind'], Role>;

const ConnectionEstablishedSchema = v.object({
  message: v.string(),
  agent: NamedVersionSchema,
  epoch: ShortTextSchema,
  session: ShortTextSchema,
  resumed: v.boolean(),
  streams: v.array(v.object({ stream: StreamIdSchema, sequence: CountSchema })),
  /** A role this client does not know can at least look. */
  role: v.fallback(v.picklist(ROLES), 'viewer'),
  capabilities: v.record(v.string(), v.boolean()),
  engine: EngineStateSchema,
});

interface EventDefinition {
  readonly channel: string;
  readonly data: v.GenericSchema;
}

/** What an agent tells unasked; the table "Events" of PROTOCOL.md. */
export const EVENTS = {
  challenge: { channel: 'system', data: v.object({ nonce: Bytes32Schema }) },
  connection_established: { channel: 'system', data: ConnectionEstablishedSchema },
  engine_state: { channel: 'system', data: v.object({ engine: EngineStateSchema }) },
  initial_state: {
    channel: 'container',
    data: v.object({
      sequence: CountSchema,
      part: CountSchema,
      last: v.boolean(),
      containers: v.array(ContainerSchema),
    }),
  },
  container_state_change: {
    channel: 'container',
    data: v.object({
      sequence: CountSchema,
      updated: v.array(ContainerSchema),
      removed: v.array(ContainerIdSchema),
    }),
  },
  error: { channel: 'system', data: v.object({ code: ShortTextSchema, message: v.string() }) },
  ...DEPLOYMENT_EVENTS,
} as const satisfies Record<string, EventDefinition>;

export const ACK = { channel: 'system', action: 'ack' } as const;

/** Channels no action of this version uses. */
export const RESERVED_CHANNELS = ['image', 'volume', 'network', 'swarm'] as const;
