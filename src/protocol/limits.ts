/** The name both sides must agree on at the handshake. A change that old peers can't ignore gets a new one. */
export const SUBPROTOCOL = 'quaywatch.v1';
/** All this build speaks, newest first. */
export const SUBPROTOCOLS: readonly string[] = [SUBPROTOCOL];
export const DEFAULT_PORT = 7443;

export const AGENT_PATH = '/ws/agent';
export const CONTAINER_LOGS_PATH = '/ws/container/logs';
export const DEPLOYMENT_LOGS_PATH = '/ws/deployment/logs';
export const METRICS_PATH = '/ws/metrics';
export const HEALTH_PATH = '/health';
export const DEPLOYMENTS_PATH = '/v1/deployments';

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Every number of PROTOCOL.md, by the name it has there; the unit is in the name. */
export const LIMITS = {
  /** Of one WebSocket message to the agent, until the connection is `established`. */
  maxMessageBytesBeforeAuth: 4 * KIB,
  /** Of one WebSocket message to the agent. */
  maxMessageBytes: MIB,
  /** Of one WebSocket message to the client. */
  maxAgentMessageBytes: 17 * MIB,
  maxBodyBytes: 16 * MIB,
  maxLinesPerFrame: 65_536,
  maxExecInputBytes: 64 * KIB,
  maxJsonDepth: 32,
  maxPairingLinkLength: 2_048,

  authenticationDeadlineMs: 5 * SECOND_MS,
  connectDeadlineMs: 15 * SECOND_MS,
  closeDeadlineMs: 2 * SECOND_MS,
  heartbeatIdleMs: 15 * SECOND_MS,
  heartbeatDeadlineMs: 10 * SECOND_MS,
  responseDeadlineMs: 30 * SECOND_MS,
  finalResponseDeadlineMs: 2 * MINUTE_MS,

  maxConnections: 256,
  maxUnauthenticated: 128,
  maxUnauthenticatedPerAddress: 32,
  connectionsPerSecondPerAddress: 10,
  connectionBurstPerAddress: 50,
  failedLoginsBeforeBlock: 5,
  failedLoginWindowMs: MINUTE_MS,
  firstBlockMs: MINUTE_MS,
  longestBlockMs: 15 * MINUTE_MS,
  messagesPerSecond: 1_000,
  messageBurst: 2_000,
  commandsPerSecond: 100,
  commandBurst: 500,

  maxStreams: 512,
  maxStreamsPerToken: 1_024,
  maxExecStreams: 16,
  maxMetricsStreams: 16,
  maxWatchedContainers: 1_000,
  maxHistoryPoints: 4_000,
  containersPerPart: 250,
  logBatchDelayMs: 10,
  logBatchBytes: 64 * KIB,
  metricsBatchDelayMs: SECOND_MS,
  metricsCreditBytes: 256 * KIB,

  initialCreditBytes: 2 * MIB,
  maxCreditBytes: 16 * MIB,
  ackDelayMs: 50,
  bulkBufferedBytes: MIB,
  controlBufferedBytes: 8 * MIB,

  maxSessions: 256,
  maxSessionsPerToken: 32,
  sessionRetentionMs: MINUTE_MS,
  sessionRetainedBytes: 4 * MIB,
  tokenRetainedBytes: 16 * MIB,
  containerChangesKept: 1_000,
  containerChangesKeptBytes: MIB,

  commandRetentionMs: 24 * HOUR_MS,
  commandRepeatMs: HOUR_MS,
  maxCommandsKept: 10_000,

  plainPingMs: 30 * SECOND_MS,
  plainTailLines: 100,
  plainMaxLineBytes: MIB,

  maxDeploymentsPerPage: 200,
  deploymentsPerPart: 50,
  deploymentChangeDelayMs: 100,
  maxUploadFrameBytes: 256 * KIB,
  maxUploadBytes: 2_048 * MIB,
  maxUploads: 4,
  maxDeploymentRequestBytes: MIB,
} as const;

export type LimitName = keyof typeof LIMITS;
