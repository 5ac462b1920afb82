/** A seeded generator of numbers in [0, 1) (mulberry32), so that a failing case can be repeated. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Cuts bytes at random places into chunks of 1 to `longest` bytes. */
export function slices(bytes: Uint8Array, longest: number, random: () => number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = Math.min(bytes.length, start + 1 + Math.floor(random() * longest));
    chunks.push(bytes.slice(start, end));
    start = end;
  }
  return chunks;
}
