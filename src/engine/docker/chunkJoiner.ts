const CARRIAGE_RETURN = 0x0d;
const NEWLINE = 0x0a;
const END_OF_HEAD = '\r\n\r\n';
/** Node takes no longer head, and a longer line with the size of a chunk is none. */
const LONGEST_TEXT = 16 * 1024;
const LONGEST_SIZE_DIGITS = 8;
/** The size that is written before joined chunks: eight digits and a line ending. */
const SIZE_LINE_BYTES = LONGEST_SIZE_DIGITS + 2;

/** What comes next in the answers of a connection. */
type State =
  | { readonly kind: 'head' | 'trailer'; text: string }
  /** Of a chunk; what there is of the line that says it. */
  | { readonly kind: 'size'; text: string }
  | { readonly kind: 'data'; left: number }
  /** The line ending after a chunk's data. */
  | { readonly kind: 'dataEnd'; left: number }
  /** A body that has said how long it is. */
  | { readonly kind: 'body'; left: number }
  /** Everything to the end of the connection, as it comes. */
  | { readonly kind: 'rest' };

/**
 * Joins the small chunks of HTTP answers (RFC 9112, section 7.1) that arrive together. Docker sends each line of a log as
 * a chunk of its own, and Node hands on chunk by chunk, which costs more than everything else that is done with a line.
 * Nothing is held back but the size of a chunk that is not whole; what is no such answer passes as it is.
 */
export class ChunkJoiner {
  private state: State = { kind: 'head', text: '' };
  private passed: Buffer[] = [];
  private joined = Buffer.alloc(0);
  private joinedLength = 0;

  /** The bytes that stand for these ones. */
  push(bytes: Buffer): Buffer {
    for (let at = 0; at < bytes.length;) at = this.step(bytes, at);
    this.endJoined();
    const { passed } = this;
    this.passed = [];
    const [only] = passed;
    return only && passed.length === 1 ? only : Buffer.concat(passed);
  }

  /** Takes some of the bytes from `at` on, and returns where it stopped. */
  private step(bytes: Buffer, at: number): number {
    const { state } = this;
    switch (state.kind) {
      case 'head':
      case 'trailer':
        return this.passText(bytes, at, state);
      case 'size':
        return state.text === '' ? this.takeWholeChunks(bytes, at) : this.takeSize(bytes, at, state);
      case 'data':
        return this.takeData(bytes, at, state.left);
      case 'dataEnd':
        return this.takeDataEnd(bytes, at, state.left);
      case 'body': {
        const end = Math.min(bytes.length, at + state.left);
        this.state = end - at < state.left ? { kind: 'body', left: state.left - (end - at) } : nextAnswer();
        return this.pass(bytes, at, end);
      }
      case 'rest':
        return this.pass(bytes, at, bytes.length);
    }
  }

  private passText(bytes: Buffer, at: number, state: { kind: 'head' | 'trailer'; text: string }): number {
    const before = state.text.length;
    state.text += bytes.toString('latin1', at);
    const end = state.kind === 'head' ? endOfHead(state.text) : endOfTrailer(state.text);
    if (end === undefined) {
      if (state.text.length > LONGEST_TEXT) this.state = { kind: 'rest' };
      return this.pass(bytes, at, bytes.length);
    }
    this.state = state.kind === 'head' ? bodyAfter(state.text.slice(0, end)) : nextAnswer();
    return this.pass(bytes, at, at + end - before);
  }

  /** Nearly all chunks are whole, and their sizes nothing but digits. */
  private takeWholeChunks(bytes: Buffer, at: number): number {
    let position = at;
    for (;;) {
      let size = 0;
      let start = position;
      for (let digit = hexDigit(bytes[start]); digit >= 0; digit = hexDigit(bytes[++start]))
        size = size * 16 + digit;
      const isPlain = start > position && start - position <= LONGEST_SIZE_DIGITS && isLineEnd(bytes, start);
      const end = start + 2 + size;
      if (!isPlain || size === 0 || !isLineEnd(bytes, end)) break;
      this.join(bytes, start + 2, end);
      position = end + 2;
    }
    return position > at ? position : this.takeSize(bytes, at, { text: '' });
  }

  private takeSize(bytes: Buffer, at: number, { text: before }: { text: string }): number {
    const newline = bytes.indexOf(NEWLINE, at);
    const text = before + bytes.toString('latin1', at, newline < 0 ? bytes.length : newline + 1);
    if (newline < 0 && text.length <= LONGEST_TEXT) {
      this.state = { kind: 'size', text };
      return bytes.length;
    }
    const size = sizeOf(text);
    if (size !== undefined && size > 0) this.state = { kind: 'data', left: size };
    else {
      this.state = size === 0 ? { kind: 'trailer', text: '' } : { kind: 'rest' };
      this.endJoined();
      this.passed.push(Buffer.from(text, 'latin1'));
    }
    return newline < 0 ? bytes.length : newline + 1;
  }

  private takeData(bytes: Buffer, at: number, left: number): number {
    const end = Math.min(bytes.length, at + left);
    this.join(bytes, at, end);
    this.state = end - at < left ? { kind: 'data', left: left - (end - at) } : { kind: 'dataEnd', left: 2 };
    return end;
  }

  private takeDataEnd(bytes: Buffer, at: number, left: number): number {
    if (bytes[at] !== (left === 2 ? CARRIAGE_RETURN : NEWLINE)) {
      this.state = { kind: 'rest' };
      return at;
    }
    this.state = left === 2 ? { kind: 'dataEnd', left: 1 } : { kind: 'size', text: '' };
    return at + 1;
  }

  /** Adds data to the chunk that is being made; there is room in it for all of `bytes`. */
  private join(bytes: Buffer, start: number, end: number): void {
    if (this.joinedLength === 0) this.joined = Buffer.allocUnsafe(SIZE_LINE_BYTES + bytes.length + 2);
    bytes.copy(this.joined, SIZE_LINE_BYTES + this.joinedLength, start, end);
    this.joinedLength += end - start;
  }

  private endJoined(): void {
    const { joined, joinedLength } = this;
    if (joinedLength === 0) return;
    joined.write(`${joinedLength.toString(16).padStart(LONGEST_SIZE_DIGITS, '0')}\r\n`, 0, 'latin1');
    joined.write('\r\n', SIZE_LINE_BYTES + joinedLength, 'latin1');
    this.passed.push(joined.subarray(0, SIZE_LINE_BYTES + joinedLength + 2));
    this.joined = Buffer.alloc(0);
    this.joinedLength = 0;
  }

  private pass(bytes: Buffer, start: number, end: number): number {
    this.endJoined();
    this.passed.push(bytes.subarray(start, end));
    return end;
  }
}

function nextAnswer(): State {
  return { kind: 'head', text: '' };
}

function endOfHead(text: string): number | undefined {
  const at = text.indexOf(END_OF_HEAD);
  return at < 0 ? undefined : at + END_OF_HEAD.length;
}

/** After the last chunk: lines like those of a head, most often none, and an empty one. */
function endOfTrailer(text: string): number | undefined {
  return text.startsWith('\r\n') ? 2 : endOfHead(text);
}

/** What follows a head, as RFC 9112, section 6.3, says it of answers to GET. */
function bodyAfter(head: string): State {
  const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(head)?.[1]);
  if (status === 101) return { kind: 'rest' };
  if (status < 200 || status === 204 || status === 304) return nextAnswer();
  if (/^transfer-encoding:[ \t]*chunked[ \t]*\r$/im.test(head)) return { kind: 'size', text: '' };
  const length = /^content-length:[ \t]*(\d+)[ \t]*\r$/im.exec(head)?.[1];
  if (length === undefined) return { kind: 'rest' };
  return Number(length) > 0 ? { kind: 'body', left: Number(length) } : nextAnswer();
}

/** Of a chunk, from the line before it, which may name extensions; `undefined` if it is none. */
function sizeOf(line: string): number | undefined {
  const digits = /^([\da-f]{1,8})[ \t]*(?:;.*)?\r\n$/i.exec(line)?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}

function isLineEnd(bytes: Buffer, at: number): boolean {
  return bytes[at] === CARRIAGE_RETURN && bytes[at + 1] === NEWLINE;
}

/** The value of a hexadecimal digit; -1 for any other byte, and for none. */
function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
