import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { Duplex } from 'node:stream';
import { messageOf } from '../../base/errors';
import type { SshEndpoint } from './endpoint';
import { sshArguments } from './sshArguments';
import { sshFailure } from './sshFailure';

const LONGEST_COMPLAINT_CHARACTERS = 4_096;
/** How long ssh may take to end by itself before it is killed. */
const KILL_AFTER_MS = 2_000;

type WriteCallback = (error?: Error | null) => void;

/**
 * A connection to a far engine over the standard input and output of one `ssh` process. Closing it ends the process;
 * when the process fails, the connection breaks with an EngineError that holds what ssh said.
 *
 * Has the methods of `net.Socket` that `http` calls on its sockets.
 */
export class SshSocket extends Duplex {
  private readonly child: ChildProcessWithoutNullStreams;
  private complaint = '';
  private hasReceived = false;
  private silenceTimer: NodeJS.Timeout | undefined;

  /** @throws EngineError `badEndpoint` when the endpoint's names are not safe to hand to ssh */
  constructor(endpoint: SshEndpoint) {
    super({ allowHalfOpen: false });
    this.child = spawn('ssh', sshArguments(endpoint), { stdio: 'pipe', windowsHide: true });
    this.listen();
  }

  /** Emits `timeout` after that much silence, as a net.Socket does; 0 stops it. */
  setTimeout(silenceMs: number, listener?: () => void): this {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = silenceMs > 0 ? setTimeout(() => this.emit('timeout'), silenceMs).unref() : undefined;
    if (listener !== undefined) this.once('timeout', listener);
    return this;
  }

  /** ssh has its own ServerAliveInterval. */
  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  /** The process ends with its agent, or half a minute after its last use; it need not end earlier with the program. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {
    this.child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: WriteCallback): void {
    this.silenceTimer?.refresh();
    // A write fails because ssh has ended, and the end of ssh is about to tell why.
    this.child.stdin.write(chunk, () => callback());
  }

  override _final(callback: WriteCallback): void {
    this.child.stdin.end(() => callback());
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.silenceTimer);
    this.endChild();
    callback(error);
  }

  private listen(): void {
    const { child } = this;
    child.stdin.on('error', () => undefined);
    child.stdout.on('data', (chunk: Buffer) => this.receive(chunk));
    child.stdout.pause();
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.complaint = (this.complaint + text).slice(-LONGEST_COMPLAINT_CHARACTERS);
    });
    child.on('error', (error) => this.destroy(sshFailure(undefined, messageOf(error), false)));
    child.on('close', (exitCode) => this.finish(exitCode));
  }

  private receive(chunk: Buffer): void {
    this.hasReceived = true;
    this.silenceTimer?.refresh();
    if (!this.push(chunk)) this.child.stdout.pause();
  }

  private finish(exitCode: number | null): void {
    if (exitCode === 0) this.push(null);
    else this.destroy(sshFailure(exitCode, this.complaint, this.hasReceived));
  }

  private endChild(): void {
    const { child } = this;
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const killTimer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    child.once('exit', () => clearTimeout(killTimer));
    child.kill('SIGTERM');
  }
}
