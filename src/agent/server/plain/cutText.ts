const MOST_BYTES_PER_UNIT = 3;
const FIRST_LOW_SURROGATE = 0xdc00;
const LAST_LOW_SURROGATE = 0xdfff;

/** A text in pieces of at most so many bytes of UTF-8, cut between characters. */
export function cutText(text: string, maxBytes: number): readonly string[] {
  if (text.length * MOST_BYTES_PER_UNIT <= maxBytes || Buffer.byteLength(text) <= maxBytes) return [text];
  const pieces: string[] = [];
  const maxUnits = Math.floor(maxBytes / MOST_BYTES_PER_UNIT);
  for (let start = 0; start < text.length;) {
    let end = Math.min(text.length, start + maxUnits);
    if (end < text.length && isLowSurrogate(text.charCodeAt(end))) end -= 1;
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= FIRST_LOW_SURROGATE && unit <= LAST_LOW_SURROGATE;
}
