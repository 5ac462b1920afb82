/** What an engine may answer; the codes of the port, carried as they are. */
export const ENGINE_ERROR_CODES = [
  'engineNotFound',
  'permissionDenied',
  'unreachable',
  'timeout',
  'badResponse',
  'unsupportedVersion',
  'tlsFailed',
  'badEndpoint',
  'connectionLost',
  'noSuchContainer',
  'noSuchDeployment',
  'conflict',
  'notSupported',
  'badRequest',
  'engineFailure',
] as const;

/** What the agent itself answers; the table "Errors" of PROTOCOL.md says when. */
export const AGENT_ERROR_CODES = [
  'unauthorized',
  'tokenExpired',
  'tokenRevoked',
  'forbidden',
  'badSignature',
  'unknownAction',
  'commandIdReused',
  'tooManyCommands',
  'rateLimited',
  'tooManyStreams',
  'streamInUse',
  'noSuchStream',
  'noSuchUpload',
  'tooLarge',
  'shuttingDown',
  'versionMismatch',
  'internal',
] as const;

export type EngineErrorCode = (typeof ENGINE_ERROR_CODES)[number];
export type AgentErrorCode = (typeof AGENT_ERROR_CODES)[number];
export type WireErrorCode = EngineErrorCode | AgentErrorCode;

/** As in a `failed` response, a stopped stream, or an engine that is away. */
export interface WireError {
  /** A {@link WireErrorCode}, or one a newer peer knows. */
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs?: number;
}

const KNOWN: ReadonlySet<string> = new Set<string>([...ENGINE_ERROR_CODES, ...AGENT_ERROR_CODES]);
const OF_ENGINES: ReadonlySet<string> = new Set<string>(ENGINE_ERROR_CODES);

export function isWireErrorCode(code: string): code is WireErrorCode {
  return KNOWN.has(code);
}

export function isEngineErrorCode(code: string): code is EngineErrorCode {
  return OF_ENGINES.has(code);
}

/** What was received is not what the protocol says. The only thing decoders throw. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';

  constructor(
    readonly code:
      /** No JSON, no envelope, an unknown type: close with `4400`. */
      | 'badMessage'
      /** A known command with wrong data: answer `failed`, `badRequest`, to {@link command}. */
      | 'badRequest'
      /** A command nobody knows: answer `failed`, `unknownAction`, to {@link command}. */
      | 'unknownAction'
      /** A binary frame that is none: close with `4400`. */
      | 'badFrame'
      /** Over a limit: close with `1009`, or don't send it. */
      | 'tooLarge'
      /** Out of sequence or beyond the credit: close with `4460`. */
      | 'flowViolation'
      /** A pairing link or token that is none. */
      | 'badLink',
    message: string,
    /** The command it is about, where one can be told. */
    readonly command?: { readonly id: string; readonly channel: string; readonly action: string },
  ) {
    super(message);
  }
}
