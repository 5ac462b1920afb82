import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { StepFailedError } from './failure';

const KILL_GRACE_MS = 5_000;
/** Of a line that never ends. */
const LONGEST_LINE = 64 * 1024;
const LONGEST_OUTPUT = 4 * 1024 * 1024;

export interface Program {
  readonly command: string;
  /** An argument vector; no shell reads it. */
  readonly args: readonly string[];
  readonly folder?: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Written to its standard input. */
  readonly input?: Readable | string;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** A line of its output; one that ends with a carriage return only is about to be written over. */
  readonly onLine?: (stream: 'stdout' | 'stderr', text: string, isLasting: boolean) => void;
  /** Characters at which a line that does not end is cut; 65,536 if not given. */
  readonly longestLine?: number;
}

export interface ProgramEnd {
  readonly exitCode: number;
  /** What it wrote to its standard output, of bounded length. */
  readonly output: string;
}

/**
 * Runs a program to its end, in a process group of its own, without a terminal, so that nothing can ask questions there.
 * Rejects with the signal's reason, and with a {@link StepFailedError} where it can't be started or takes too long.
 */
export async function runProgram(program: Program): Promise<ProgramEnd> {
  program.signal?.throwIfAborted();
  const child = spawn(program.command, [...program.args], {
    cwd: program.folder,
    env: program.environment,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output.length + text.length <= LONGEST_OUTPUT) output += text;
  });
  const { longestLine = LONGEST_LINE } = program;
  eachLine(child.stdout, longestLine, (text, isLasting) => program.onLine?.('stdout', text, isLasting));
  eachLine(child.stderr, longestLine, (text, isLasting) => program.onLine?.('stderr', text, isLasting));
  feed(child, program.input);
  const exitCode = await ended(child, program);
  return { exitCode, output };
}

function feed(child: ChildProcess, input: Readable | string | undefined): void {
  const { stdin } = child;
  if (!stdin) return;
  // A program that ends before it read everything says why by itself.
  stdin.on('error', () => undefined);
  if (input === undefined || typeof input === 'string') {
    stdin.end(input ?? '');
    return;
  }
  input.on('error', () => stdin.destroy());
  input.pipe(stdin);
}

function ended(child: ChildProcess, program: Program): Promise<number> {
  const { signal, deadlineMs, command } = program;
  return new Promise((resolve, reject) => {
    let stopped: Error | undefined;
    const stop = (reason: Error): void => {
      stopped ??= reason;
      endGroup(child);
    };
    const timer = setTimeout(
      () =>
        stop(
          new StepFailedError(`${command} did not end within ${Math.round(deadlineMs / 60_000)} minutes.`),
        ),
      deadlineMs,
    );
    const abort = (): void => stop(signal?.reason as Error);
    signal?.addEventListener('abort', abort, { once: true });
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    child.once('error', (error: NodeJS.ErrnoException) => {
      finish();
      reject(error.code === 'ENOENT' ? new StepFailedError(missing(command)) : error);
    });
    child.once('close', (code) => {
      finish();
      if (stopped) reject(stopped);
      else resolve(code ?? -1);
    });
  });
}

function missing(command: string): string {
  return `The program ${command} is not installed on this machine. Install it and deploy again.`;
}

/** Politely first; its children, too. */
function endGroup(child: ChildProcess): void {
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), KILL_GRACE_MS);
  child.once('close', () => clearTimeout(timer));
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, signal);
  } catch {
    // It is gone.
  }
}

/** Cuts text into lines at line feeds and carriage returns, whichever way the chunks are cut. */
function eachLine(stream: Readable, longest: number, take: (text: string, isLasting: boolean) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    rest += text;
    for (;;) {
      const match = /\r\n|\n|\r(?!\n|$)/.exec(rest);
      if (!match) break;
      take(rest.slice(0, match.index), match[0] !== '\r');
      rest = rest.slice(match.index + match[0].length);
    }
    if (rest.length <= longest) return;
    take(rest, true);
    rest = '';
  });
  stream.on('end', () => {
    if (rest !== '') take(rest.replace(/\r$/, ''), true);
  });
}
