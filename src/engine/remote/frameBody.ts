import { inflateRawSync } from 'node:zlib';
import { badFrame, type ReceivedFrame } from '../../protocol/dataFrames';

/**
 * A frame's body, uncompressed.
 *
 * @throws ProtocolError `badFrame`
 */
export function bodyOf({ body, bodyLength, isCompressed }: ReceivedFrame): Uint8Array {
  if (!isCompressed) return body;
  const inflated = inflate(body, bodyLength);
  if (inflated?.length !== bodyLength) throw badFrame('a compressed body that is none');
  return inflated;
}

function inflate(body: Uint8Array, bodyLength: number): Uint8Array | undefined {
  try {
    // One byte more, so that a body that is longer than it states is told from one that is not.
    return inflateRawSync(body, { maxOutputLength: bodyLength + 1 });
  } catch {
    return undefined;
  }
}
