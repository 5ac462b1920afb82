/** What a client does after a close: come back by itself, wait for a person, or leave it at that. */
export type CloseKind = 'retryable' | 'fatal' | 'intentional';

export interface CloseReason {
  readonly code: number;
  readonly kind: CloseKind;
  /** Who may send it; `nobody` for what WebSocket libraries report without a close frame. */
  readonly from: 'agent' | 'client' | 'both' | 'nobody';
  readonly meaning: string;
}

/** Every way a connection ends; the table "Close codes" of PROTOCOL.md. */
export const CLOSE_REASONS = {
  normal: {
    code: 1000,
    kind: 'intentional',
    from: 'both',
    meaning: 'Nothing more is wanted. The session ends',
  },
  goingAway: {
    code: 1001,
    kind: 'retryable',
    from: 'both',
    meaning: 'The agent shuts down or restarts, or the client goes to sleep',
  },
  connectionBroken: {
    code: 1006,
    kind: 'retryable',
    from: 'nobody',
    meaning: 'The socket ended without a close frame',
  },
  invalidText: { code: 1007, kind: 'fatal', from: 'both', meaning: 'A text frame is no UTF-8' },
  tooBig: { code: 1009, kind: 'fatal', from: 'both', meaning: 'A message is over the size limit' },
  internalError: { code: 1011, kind: 'retryable', from: 'both', meaning: 'The sender failed by itself' },
  violation: {
    code: 4400,
    kind: 'fatal',
    from: 'both',
    meaning: 'No envelope, an unknown type, or a message at the wrong time',
  },
  unauthorized: {
    code: 4401,
    kind: 'fatal',
    from: 'agent',
    meaning: 'The token is unknown, or the proof is wrong',
  },
  tokenExpired: { code: 4402, kind: 'fatal', from: 'agent', meaning: 'The token has expired' },
  tokenRevoked: { code: 4403, kind: 'fatal', from: 'agent', meaning: 'The token was revoked' },
  notAvailable: {
    code: 4404,
    kind: 'fatal',
    from: 'agent',
    meaning: 'Plain endpoints: what was asked for is not there; the message before it says what',
  },
  versionMismatch: {
    code: 4406,
    kind: 'fatal',
    from: 'both',
    meaning: 'No common version of the protocol',
  },
  deadlineExceeded: {
    code: 4408,
    kind: 'retryable',
    from: 'both',
    meaning: 'Not `connected` in time, or one unauthenticated connection too many',
  },
  sessionTakenOver: {
    code: 4409,
    kind: 'intentional',
    from: 'agent',
    meaning: 'Another connection of this client resumed the session',
  },
  permissionsChanged: {
    code: 4410,
    kind: 'retryable',
    from: 'agent',
    meaning: "The token's role or scope changed; the session ended",
  },
  tooManyMessages: {
    code: 4429,
    kind: 'retryable',
    from: 'agent',
    meaning: 'More messages than the limits allow',
  },
  heartbeatTimeout: { code: 4440, kind: 'retryable', from: 'both', meaning: 'No sign of life' },
  clientTooSlow: {
    code: 4441,
    kind: 'retryable',
    from: 'agent',
    meaning: 'The client does not read its messages',
  },
  agentNotTrusted: {
    code: 4450,
    kind: 'fatal',
    from: 'client',
    meaning: "The agent's proof is wrong: it does not know the token",
  },
  flowViolation: {
    code: 4460,
    kind: 'fatal',
    from: 'both',
    meaning: 'Frames beyond the credit or out of sequence, or an ack of what was never sent',
  },
} as const satisfies Record<string, CloseReason>;

export type CloseName = keyof typeof CLOSE_REASONS;

const FIRST_PRIVATE_CODE = 4000;

const BY_CODE: ReadonlyMap<number, CloseName> = new Map(
  (Object.keys(CLOSE_REASONS) as CloseName[]).map((name) => [CLOSE_REASONS[name].code, name]),
);

/** The name of a code of the table; `undefined` for any other. */
export function closeNameOf(code: number): CloseName | undefined {
  return BY_CODE.get(code);
}

export function closeCodeOf(name: CloseName): number {
  return CLOSE_REASONS[name].code;
}

/** Unknown codes: those of WebSocket itself pass, those of an application are somebody's decision. */
export function closeKindOf(code: number): CloseKind {
  const name = BY_CODE.get(code);
  if (name) return CLOSE_REASONS[name].kind;
  return code < FIRST_PRIVATE_CODE ? 'retryable' : 'fatal';
}

/** Why an HTTP request for an upgrade is refused; the table "HTTP refusals" of PROTOCOL.md. */
export const HTTP_REFUSALS = {
  badRequest: { status: 400, kind: 'fatal', meaning: 'No WebSocket upgrade, or malformed' },
  unauthorized: {
    status: 401,
    kind: 'fatal',
    meaning: 'No `Authorization`, an unknown token, a secret in the header, a wrong watch key',
  },
  forbidden: { status: 403, kind: 'fatal', meaning: 'An `Origin` that is not allowed' },
  notFound: { status: 404, kind: 'fatal', meaning: 'No such path' },
  versionMismatch: {
    status: 426,
    kind: 'fatal',
    meaning: 'No common subprotocol; `versions` lists the agent’s',
  },
  rateLimited: {
    status: 429,
    kind: 'retryable',
    meaning: 'Too many connections or failed logins; `Retry-After` says how many seconds to wait',
  },
  unavailable: {
    status: 503,
    kind: 'retryable',
    meaning: 'As many connections as are allowed, or shutting down',
  },
} as const satisfies Record<string, { status: number; kind: CloseKind; meaning: string }>;

export type HttpRefusalName = keyof typeof HTTP_REFUSALS;

/** What an HTTP answer other than 101 means for coming back. Unknown ones come from proxies on the way, and pass. */
export function httpRefusalKind(status: number): CloseKind {
  return Object.values(HTTP_REFUSALS).find((refusal) => refusal.status === status)?.kind ?? 'retryable';
}
