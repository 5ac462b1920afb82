import * as v from 'valibot';
import { ProtocolError } from './errorCodes';
import { parseJson } from './json';

/** Who may do what; each role includes those before it. */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export function hasRole(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** What every text frame is, before anybody looked at what it says. */
export interface Envelope {
  readonly type: 'command' | 'response' | 'event' | 'ack';
  readonly id: string;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly channel: string;
  readonly action: string;
  /** As it came, with fields nobody knows. */
  readonly data: JsonObject;
  readonly auth?: MessageAuth;
  readonly status?: ResponseStatus;
  readonly error?: unknown;
}

export type JsonObject = Readonly<Record<string, unknown>>;

export interface MessageAuth {
  readonly signature: string;
}

export const RESPONSE_STATUSES = ['accepted', 'done', 'failed', 'unknown'] as const;
export type ResponseStatus = (typeof RESPONSE_STATUSES)[number];

const LONGEST_NAME = 64;
const LONGEST_TIMESTAMP = 64;
/** Of every message, and of a pipeline's request. */
export const MESSAGE_ID = /^[A-Za-z0-9_.:-]{1,64}$/;
const SIGNATURE = /^[A-Za-z0-9_-]{43}$/;

const NameSchema = v.pipe(v.string(), v.minLength(1), v.maxLength(LONGEST_NAME));

const EnvelopeSchema = v.object({
  type: v.picklist(['command', 'response', 'event', 'ack']),
  id: v.pipe(v.string(), v.regex(MESSAGE_ID)),
  timestamp: v.pipe(v.string(), v.maxLength(LONGEST_TIMESTAMP)),
  channel: NameSchema,
  action: NameSchema,
  data: v.custom<JsonObject>(isJsonObject, 'not an object'),
  auth: v.exactOptional(v.object({ signature: v.pipe(v.string(), v.regex(SIGNATURE)) })),
  status: v.exactOptional(v.picklist(RESPONSE_STATUSES)),
  error: v.exactOptional(v.unknown()),
});

/** @throws ProtocolError `badMessage` */
export function decodeEnvelope(text: string): Envelope {
  const result = v.safeParse(EnvelopeSchema, parseJson(text), { abortEarly: true });
  if (!result.success)
    throw new ProtocolError('badMessage', `No envelope: ${describeIssue(result.issues[0])}`);
  return result.output;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where it is wrong and how, without the value: that may be long, or somebody's secret. */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue) ?? 'message';
  return `${path}: ${issue.expected === null ? issue.type : `not ${issue.expected}`}`;
}
