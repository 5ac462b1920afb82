import { inflateRawSync } from 'node:zlib';
import type { ReceivedFrame } from '../../protocol/dataFrames';
import { ProtocolError } from '../../protocol/errorCodes';

/**
 * A copy of a frame's body, uncompressed.
 *
 * @throws ProtocolError `badFrame`
 */
export function bodyOf({ body, bodyLength, isCompressed }: ReceivedFrame): Uint8Array {
  if (!isCompressed) return Uint8Array.from(body);
  try {
    const inflated = inflateRawSync(body, { maxOutputLength: bodyLength });
    if (inflated.length === bodyLength) return inflated;
  } catch {
    // Told below.
  }
  throw new ProtocolError('badFrame', 'A body that can not be inflated to the length it states.');
}
