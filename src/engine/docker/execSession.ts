import { Emitter } from '../../base/emitter';
import { DisposableStore } from '../../base/lifecycle';
import type { ExecSession, TerminalSize } from '../engine';
import type { AttachedExec, DockerApi } from './dockerApi';

/** A process attached over a hijacked connection: with a terminal the engine sends its output unframed. */
export class DockerExecSession implements ExecSession {
  private readonly store = new DisposableStore();
  private readonly data = this.store.add(new Emitter<Uint8Array>());
  private readonly exit = this.store.add(new Emitter<{ readonly exitCode?: number }>());
  readonly onData = this.data.event;
  readonly onExit = this.exit.event;
  private hasEnded = false;
  private isHeld = false;

  constructor(
    /** The connection of the moment: the process may outlive the one it was started over. */
    private readonly api: () => Pick<DockerApi, 'resizeExec' | 'execExitCode'>,
    private readonly exec: AttachedExec,
    private readonly onResizeFailed: (error: unknown) => void,
  ) {
    const { stream } = exec;
    stream.on('data', (chunk: Buffer) => this.data.fire(chunk));
    // An error is always followed by `close`.
    stream.on('error', () => undefined);
    stream.on('end', () => stream.end());
    stream.on('close', () => void this.finish());
    stream.pause();
    // Listeners are added after this constructor returns; the first output must not be missed.
    setImmediate(() => this.flow());
  }

  write(data: Uint8Array, taken?: () => void): void {
    if (this.exec.stream.writable) this.exec.stream.write(data, taken);
    else taken?.();
  }

  /** An engine that can't write on stops reading the terminal, whose buffer then fills up. */
  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
    this.flow();
  }

  resize(size: TerminalSize): void {
    this.askedToResize(size).catch(this.onResizeFailed);
  }

  dispose(): void {
    this.hasEnded = true;
    this.exec.stream.destroy();
    this.store.dispose();
  }

  private flow(): void {
    if (this.isHeld) this.exec.stream.pause();
    else this.exec.stream.resume();
  }

  private async finish(): Promise<void> {
    if (this.hasEnded) return;
    this.hasEnded = true;
    const exitCode = await this.exitCode().catch(() => undefined);
    this.exit.fire(exitCode === undefined ? {} : { exitCode });
  }

  private async askedToResize(size: TerminalSize): Promise<void> {
    await this.api().resizeExec(this.exec.id, size);
  }

  private async exitCode(): Promise<number | undefined> {
    return this.api().execExitCode(this.exec.id);
  }
}
