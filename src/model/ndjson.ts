import type { Utf8Decoder } from './logLines';

const NEWLINE = 0x0a;

/** Longer than any event an engine sends; a peer that exceeds it is not speaking the protocol. */
export const MAX_JSON_LINE_BYTES = 1024 * 1024;

/** Cuts a byte stream into lines of JSON text; chunks may split anywhere. Blank lines are passed over. */
export class LineSplitter {
  private parts: Uint8Array[] = [];
  private length = 0;

  constructor(
    private readonly onLine: (text: string) => void,
    private readonly decode: Utf8Decoder,
  ) {}

  /** @throws RangeError when a line exceeds {@link MAX_JSON_LINE_BYTES}. */
  push(chunk: Uint8Array): void {
    let start = 0;
    for (;;) {
      const newline = chunk.indexOf(NEWLINE, start);
      if (newline < 0) break;
      this.keep(chunk.subarray(start, newline));
      this.emit();
      start = newline + 1;
    }
    // A copy: the chunk's memory is the caller's again after this call.
    if (start < chunk.length) this.keep(chunk.slice(start));
  }

  private keep(part: Uint8Array): void {
    this.length += part.length;
    if (this.length > MAX_JSON_LINE_BYTES)
      throw new RangeError(`A line exceeds ${MAX_JSON_LINE_BYTES} bytes.`);
    this.parts.push(part);
  }

  private emit(): void {
    const bytes = new Uint8Array(this.length);
    let offset = 0;
    for (const part of this.parts) {
      bytes.set(part, offset);
      offset += part.length;
    }
    this.parts = [];
    this.length = 0;
    const text = this.decode(bytes, 0, bytes.length).trim();
    if (text !== '') this.onLine(text);
  }
}
