import type { Duplex } from 'node:stream';
import { encodeFrame, STDOUT } from './frames';

export interface ExecSize {
  readonly height: number;
  readonly width: number;
}

export interface ExecOptions {
  readonly id: string;
  readonly containerId: string;
  readonly command: readonly string[];
  readonly hasTerminal: boolean;
  readonly attachesInput: boolean;
}

const PROMPT = '/ # ';
const END_OF_TRANSMISSION = 4;
const NUMBERS_AT_ONCE = 1_000;

/**
 * A command in a container. With input it is a shell that echoes what is typed and knows `echo` and `exit`;
 * `cat` gives back its input; `sh -c 'seq 1 N'` counts, as fast as it is read; `sleep` reads nothing; anything else prints its own arguments and ends.
 */
export class ExecInstance {
  readonly sizes: ExecSize[] = [];
  isRunning = false;
  exitCode: number | undefined;
  /** What counting has written. */
  writtenBytes = 0;
  private connection: Duplex | undefined;
  private typed = '';

  constructor(
    readonly options: ExecOptions,
    private readonly onEnd: (exec: ExecInstance) => void,
  ) {}

  get id(): string {
    return this.options.id;
  }

  get containerId(): string {
    return this.options.containerId;
  }

  /** Runs without anyone looking. */
  runDetached(): void {
    this.isRunning = true;
    this.end(0);
  }

  /** Runs with its streams on a connection that is no longer HTTP. */
  attach(connection: Duplex, head: Buffer): void {
    this.connection = connection;
    this.isRunning = true;
    connection.on('error', () => this.end(137));
    connection.on('close', () => this.end(137));
    const last = /^seq 1 (\d+)$/.exec(this.script)?.[1];
    if (last !== undefined) {
      this.count(1, Number(last));
      return;
    }
    if (this.options.command[0] === 'sleep') {
      connection.pause();
      return;
    }
    if (!this.options.attachesInput) {
      this.runOnce();
      return;
    }
    if (!this.isCat && this.options.hasTerminal) this.print(PROMPT);
    connection.on('data', (bytes: Buffer) => this.input(bytes));
    connection.on('end', () => this.end(0));
    if (head.length > 0) this.input(head);
    connection.resume();
  }

  end(exitCode: number): void {
    if (!this.isRunning) return;
    this.isRunning = false;
    this.exitCode = exitCode;
    this.connection?.end();
    this.onEnd(this);
  }

  private get isCat(): boolean {
    return this.options.command[0] === 'cat';
  }

  private get script(): string {
    const [, option, script = ''] = this.options.command;
    return option === '-c' ? script : '';
  }

  /** Goes on when what it wrote was read, as a program whose terminal is full. */
  private count(from: number, last: number): void {
    let next = from;
    while (next <= last && this.isRunning) {
      const end = Math.min(last, next + NUMBERS_AT_ONCE - 1);
      let text = '';
      for (; next <= end; next++) text += `${next}${this.lineEnd}`;
      this.writtenBytes += text.length;
      if (this.print(text)) continue;
      this.connection?.once('drain', () => this.count(next, last));
      return;
    }
    this.end(0);
  }

  private runOnce(): void {
    const [program = '', ...parameters] = this.options.command;
    const exit = /\bexit (\d+)/.exec(this.script);
    this.print(`${program === 'echo' ? parameters.join(' ') : this.options.command.join(' ')}\n`);
    this.end(Number(exit?.[1] ?? 0));
  }

  private input(bytes: Buffer): void {
    if (this.isCat) {
      this.print(bytes);
      return;
    }
    if (bytes.includes(END_OF_TRANSMISSION)) {
      this.end(0);
      return;
    }
    const text = bytes.toString('utf8');
    if (this.options.hasTerminal) this.print(text.replaceAll(/\r\n?|\n/g, '\r\n'));
    this.typed += text;
    for (
      let lineEnd = this.typed.search(/[\r\n]/);
      lineEnd >= 0 && this.isRunning;
      lineEnd = this.typed.search(/[\r\n]/)
    ) {
      const line = this.typed.slice(0, lineEnd);
      this.typed = this.typed.slice(lineEnd + 1);
      this.runLine(line.trim());
    }
  }

  private runLine(line: string): void {
    const [program = '', ...parameters] = line.split(/\s+/);
    if (program === 'exit') {
      this.end(Number(parameters[0] ?? 0));
      return;
    }
    if (program === 'echo') this.print(`${parameters.join(' ')}${this.lineEnd}`);
    else if (program !== '') this.print(`sh: ${program}: not found${this.lineEnd}`);
    if (this.options.hasTerminal) this.print(PROMPT);
  }

  private get lineEnd(): string {
    return this.options.hasTerminal ? '\r\n' : '\n';
  }

  private print(output: string | Buffer): boolean {
    const payload = Buffer.from(output);
    const bytes = this.options.hasTerminal ? payload : encodeFrame(STDOUT, payload);
    return this.connection?.write(bytes) !== false;
  }
}
