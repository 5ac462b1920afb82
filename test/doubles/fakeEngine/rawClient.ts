import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Frame {
  readonly type: number;
  readonly text: string;
}

/** A plain HTTP client for the tests of the fake engine: it knows nothing of how the engine writes. */
export class RawClient {
  private readonly agent = new Agent({ keepAlive: false });

  constructor(private readonly socketPath: string) {}

  get(path: string): Promise<Answer> {
    return this.request('GET', path);
  }

  post(path: string, body?: object): Promise<Answer> {
    return this.request('POST', path, body);
  }

  /** The answer's JSON, for a test to compare. */
  async json(path: string): Promise<unknown> {
    return JSON.parse((await this.get(path)).text) as unknown;
  }

  async request(method: string, path: string, body?: object): Promise<Answer> {
    const stream = await this.open(method, path, body);
    await stream.ended;
    const { statusCode = 0, headers } = stream.response;
    return { status: statusCode, headers, text: stream.bytes().toString('utf8') };
  }

  /** An answer that goes on: resolves with its headers. */
  open(method: string, path: string, body?: object): Promise<OpenStream> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
      const sent = httpRequest(
        { socketPath: this.socketPath, agent: this.agent, method, path, headers },
        (response) => resolve(new OpenStream(response)),
      );
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  follow(path: string): Promise<OpenStream> {
    return this.open('GET', path);
  }

  /** Everything that the engine sends on one connection, its HTTP included, and the sizes in which it arrived. */
  exchange(text: string): Promise<{ bytes: Buffer; sizes: number[] }> {
    return new Promise((resolve) => {
      const parts: Buffer[] = [];
      const socket = connect(this.socketPath, () => socket.write(text));
      socket.on('data', (part) => parts.push(part));
      socket.on('error', () => undefined);
      socket.on('close', () =>
        resolve({ bytes: Buffer.concat(parts), sizes: parts.map((part) => part.length) }),
      );
    });
  }
}

/** An answer whose body keeps coming. */
export class OpenStream {
  /** Resolves when the answer is over, orderly or not. */
  readonly ended: Promise<void>;
  isOver = false;
  wasCut = false;
  private readonly parts: Buffer[] = [];
  private waiting: (() => void) | undefined;

  constructor(readonly response: IncomingMessage) {
    response.on('data', (part: Buffer) => {
      this.parts.push(part);
      this.waiting?.();
    });
    response.on('error', () => (this.wasCut = true));
    this.ended = new Promise((resolve) =>
      response.on('close', () => {
        this.isOver = true;
        this.waiting?.();
        resolve();
      }),
    );
  }

  bytes(): Buffer {
    return Buffer.concat(this.parts);
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  lines(): string[] {
    return this.text().split('\n').filter(Boolean);
  }

  frames(): Frame[] {
    return parseFrames(this.bytes());
  }

  /** Resolves once what came so far is enough. */
  until(isEnough: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting = () => {
        if (isEnough()) resolve();
        else if (this.isOver)
          reject(new Error(`the answer ended with ${JSON.stringify(this.text().slice(-200))}`));
      };
      this.waiting();
    });
  }

  close(): void {
    this.response.destroy();
  }
}

/** The complete frames at the start of the bytes. */
export function parseFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let start = 0; start + 8 <= bytes.length;) {
    const end = start + 8 + bytes.readUInt32BE(start + 4);
    if (end > bytes.length) break;
    frames.push({ type: bytes[start] ?? -1, text: bytes.toString('utf8', start + 8, end) });
    start = end;
  }
  return frames;
}
