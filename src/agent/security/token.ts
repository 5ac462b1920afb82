import * as v from 'valibot';
import { ROLES, type Role } from '../../protocol/envelope';
import type { Rights } from './permissions';
import type { Scope } from './scope';
import { isTokenId } from './tokenSecret';

const timestamp = v.pipe(
  v.string(),
  v.check((text) => Number.isFinite(Date.parse(text))),
);

const scopeSchema = v.object({
  projects: v.array(v.string()),
  labels: v.array(v.object({ name: v.string(), value: v.exactOptional(v.string()) })),
});

/** A file in the folder of tokens. Unknown members are refused: one of them may be a limit that this version ignores. */
export const tokenSchema = v.strictObject({
  version: v.literal(1),
  id: v.pipe(v.string(), v.check(isTokenId)),
  name: v.string(),
  role: v.picklist(ROLES),
  /** The key of its HMACs in base64url: a secret, and why these files are their owner's alone. */
  key: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/)),
  createdAt: timestamp,
  expiresAt: v.exactOptional(timestamp),
  scope: v.exactOptional(scopeSchema),
});

/** A token as it is stored. */
export type StoredToken = Readonly<v.InferOutput<typeof tokenSchema>>;

/** What somebody asks for who adds a token. */
export interface TokenRequest {
  /** For people, like `laptop`. */
  readonly name: string;
  readonly role: Role;
  readonly expiresAt?: Date;
  readonly scope?: Scope;
}

export function isExpired({ expiresAt }: Pick<StoredToken, 'expiresAt'>, nowMs: number): boolean {
  return expiresAt !== undefined && Date.parse(expiresAt) <= nowMs;
}

export function rightsOf({ role, scope }: StoredToken): Rights {
  return { role, ...(scope && { scope }) };
}

export function keyOf({ key }: StoredToken): Uint8Array {
  return Buffer.from(key, 'base64url');
}
