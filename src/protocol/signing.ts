import type { JsonObject } from './envelope';
import { canonicalJson } from './json';
import { SUBPROTOCOL } from './limits';
import { encodeUtf8 } from './utf8';

/** Of secrets, nonces, and every HMAC-SHA-256. */
export const KEY_BYTES = 32;

/** What both sides know of a handshake, as the texts that were sent. */
export interface Transcript {
  /** The agent's, from `challenge`. */
  readonly nonce: string;
  readonly clientNonce: string;
  readonly tokenId: string;
  /** Empty where the client pins none. */
  readonly serverKey: string;
}

/** The bytes of which the HMAC under the token's secret is the client's `proof`. */
export function clientProofBytes(transcript: Transcript): Uint8Array<ArrayBuffer> {
  return transcriptBytes('client proof', transcript);
}

/** The same for the agent's `proof`. */
export function agentProofBytes(transcript: Transcript): Uint8Array<ArrayBuffer> {
  return transcriptBytes('agent proof', transcript);
}

/** The bytes of which the HMAC under the token's secret is the key of this connection's signatures. */
export function connectionKeyBytes(transcript: Transcript): Uint8Array<ArrayBuffer> {
  return transcriptBytes('connection key', transcript);
}

/** The bytes of which the HMAC under the token's secret opens the plain endpoints. */
export function watchKeyBytes(tokenId: string): Uint8Array<ArrayBuffer> {
  return fieldBytes(['watch key', tokenId]);
}

/** The bytes of which the HMAC under the token's secret lets pipelines deploy, and look at what comes of it. */
export function deployKeyBytes(tokenId: string): Uint8Array<ArrayBuffer> {
  return fieldBytes(['deploy key', tokenId]);
}

/** A command as far as it is signed. */
export interface SignedFields {
  readonly id: string;
  readonly timestamp: string;
  readonly channel: string;
  readonly action: string;
}

/**
 * The bytes of which the HMAC under the connection's key is a command's signature.
 *
 * @param data as it is sent, or as it came (`rawData`)
 * @throws ProtocolError `badMessage` for data that can't be signed
 */
export function commandBytes(command: SignedFields, data: JsonObject): Uint8Array<ArrayBuffer> {
  const { id, timestamp, channel, action } = command;
  return fieldBytes(['command', id, timestamp, channel, action, canonicalJson(data)]);
}

function transcriptBytes(label: string, transcript: Transcript): Uint8Array<ArrayBuffer> {
  const { nonce, clientNonce, tokenId, serverKey } = transcript;
  return fieldBytes([label, SUBPROTOCOL, nonce, clientNonce, tokenId, serverKey]);
}

const LENGTH_BYTES = 4;

/** Each field with its length before it, so that no two lists of fields have the same bytes. */
export function fieldBytes(fields: readonly string[]): Uint8Array<ArrayBuffer> {
  const encoded = fields.map(encodeUtf8);
  const bytes = new Uint8Array(encoded.reduce((sum, field) => sum + LENGTH_BYTES + field.length, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const field of encoded) {
    view.setUint32(offset, field.length);
    bytes.set(field, offset + LENGTH_BYTES);
    offset += LENGTH_BYTES + field.length;
  }
  return bytes;
}
