/** How a connection's bytes are passed on. A cut or a hold is not a shape: those are controls of the connection. */
export type Shape =
  | { readonly kind: 'plain' }
  /** In pieces of 1 to `longestBytes` bytes, each of which reaches the other end by itself. */
  | { readonly kind: 'sliced'; readonly longestBytes: number }
  /** At so many bytes a second. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** Every chunk waits so long; the order stays. */
  | { readonly kind: 'delayed'; readonly delayMs: number };

export const PLAIN: Shape = { kind: 'plain' };

export interface Piece {
  readonly bytes: Buffer;
  /** To wait before it is passed on. */
  readonly delayMs: number;
}

const SLOW_PIECE_MS = 20;

/** What to pass on of a chunk, piece by piece. */
export function* pieces(chunk: Buffer, shape: Shape, random: () => number): Generator<Piece> {
  if (shape.kind === 'plain') yield { bytes: chunk, delayMs: 0 };
  else if (shape.kind === 'delayed') yield { bytes: chunk, delayMs: shape.delayMs };
  else if (shape.kind === 'slow') {
    const length = Math.max(1, Math.floor((shape.bytesPerSecond * SLOW_PIECE_MS) / 1000));
    for (const bytes of sliced(chunk, () => length)) yield { bytes, delayMs: SLOW_PIECE_MS };
  } else {
    const { longestBytes } = shape;
    for (const bytes of sliced(chunk, () => 1 + Math.floor(random() * longestBytes)))
      yield { bytes, delayMs: 0 };
  }
}

function* sliced(chunk: Buffer, nextLength: () => number): Generator<Buffer> {
  for (let start = 0; start < chunk.length;) {
    const end = Math.min(chunk.length, start + nextLength());
    yield chunk.subarray(start, end);
    start = end;
  }
}
