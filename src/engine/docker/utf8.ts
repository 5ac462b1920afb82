import type { Utf8Decoder } from '../../model/logLines';

/** Decodes with Node's native decoder, several times faster on short lines than `TextDecoder`. */
export const decodeUtf8: Utf8Decoder = (bytes, start, end) => {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString('utf8', start, end);
};
