import { createHash } from 'node:crypto';
import type { JsonObject } from '../../protocol/envelope';
import { canonicalJson } from '../../protocol/json';

/** Tells a command's content from any other's: SHA-256 of its action and its canonical data. */
export function commandDigest(action: string, data: JsonObject): string {
  return createHash('sha256')
    .update(`${action}\n${canonicalJson(data)}`)
    .digest('base64url');
}
