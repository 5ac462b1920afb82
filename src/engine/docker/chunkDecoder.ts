import { decodeUtf8 } from './utf8';

/**
 * This much is decoded at once. A line that is kept keeps the block alive that it was cut out of, so blocks are no bigger
 * than pays.
 */
const BLOCK_BYTES = 8 * 1024;
/** In a chunk with more than one byte in so many that is no ASCII, most lines have one. */
const ASCII_PER_OTHER = 32;
const LEAST_CHUNK_BYTES = 1_024;
const WORD_BYTES = 4;
const SCANNED_WORDS = 4;
const HIGH_BITS = 0x8080_8080;
const LAST_ASCII = 0x7f;

/**
 * Decodes the many lines of a chunk several times faster than one by one: a block at once, byte for byte, of which texts
 * are cut out that are all ASCII. Every other text is decoded by itself.
 */
export class ChunkDecoder {
  private chunk: Buffer | undefined;
  /** Where the chunk has bytes that are no ASCII, as the headers of frames do, in order; at last its end. */
  private others = new Int32Array(0);
  private nextOther = 0;
  private lastStart = 0;
  private block = '';
  private blockStart = 0;

  /** Most of what is decoded next lies in this chunk, and behind what was decoded before. */
  begin(chunk: Buffer): void {
    this.chunk = chunk.length >= LEAST_CHUNK_BYTES && this.findOthers(chunk) ? chunk : undefined;
    this.nextOther = this.lastStart = this.blockStart = 0;
    this.block = '';
  }

  /** The chunk is not needed any more. */
  end(): void {
    this.chunk = undefined;
    this.block = '';
  }

  /** The text of bytes of the chunk or of others, with U+FFFD for what is no UTF-8. */
  decode(bytes: Uint8Array, start: number, end: number): string {
    const { chunk } = this;
    if (bytes !== chunk || this.hasOther(start, end)) return decodeUtf8(bytes, start, end);
    if (start < this.blockStart || end > this.blockStart + this.block.length) {
      this.blockStart = start;
      this.block = chunk.toString(
        'latin1',
        start,
        Math.min(chunk.length, Math.max(end, start + BLOCK_BYTES)),
      );
    }
    return this.block.slice(start - this.blockStart, end - this.blockStart);
  }

  private hasOther(start: number, end: number): boolean {
    const { others } = this;
    let next = start < this.lastStart ? 0 : this.nextOther;
    while ((others[next] ?? end) < start) next++;
    this.lastStart = start;
    this.nextOther = next;
    return (others[next] ?? end) < end;
  }

  /** Whether there are few enough. */
  private findOthers(chunk: Buffer): boolean {
    const most = Math.floor(chunk.length / ASCII_PER_OTHER);
    if (this.others.length <= most) this.others = new Int32Array(most + 1);
    const { others } = this;
    let count = 0;
    const look = (from: number, to: number): void => {
      for (let index = from; index < to && count <= most; index++)
        if ((chunk[index] ?? 0) > LAST_ASCII) others[count++] = index;
    };
    const firstWord = Math.min(chunk.length, -chunk.byteOffset & (WORD_BYTES - 1));
    look(0, firstWord);
    const wordCount = Math.floor((chunk.length - firstWord) / WORD_BYTES / SCANNED_WORDS) * SCANNED_WORDS;
    const words = new Uint32Array(chunk.buffer, chunk.byteOffset + firstWord, wordCount);
    for (let word = 0; word < wordCount && count <= most; word += SCANNED_WORDS) {
      if (bitsOf(words, word) === 0) continue;
      const at = firstWord + word * WORD_BYTES;
      look(at, at + SCANNED_WORDS * WORD_BYTES);
    }
    look(firstWord + wordCount * WORD_BYTES, chunk.length);
    if (count > most) return false;
    others[count] = chunk.length;
    return true;
  }
}

function bitsOf(words: Uint32Array, at: number): number {
  const first = (words[at] ?? 0) | (words[at + 1] ?? 0);
  return (first | (words[at + 2] ?? 0) | (words[at + 3] ?? 0)) & HIGH_BITS;
}
