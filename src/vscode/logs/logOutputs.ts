import * as vscode from 'vscode';
import type { LogChannelTarget } from './logChannel';
import { LOG_LANGUAGE } from './logText';

/**
 * VS Code writes what an output channel is given into a file, out of which nothing is taken when the channel is cleared,
 * and begins a new file when that one would exceed 30 MiB. From then on it looks for the channel's text in the wrong
 * place: cut off lines show again, and many show twice. So a channel is made anew before.
 */
const MAX_FILE_BYTES = 28_000_000;
/** All channels together hold about so much text in memory, in UTF-16 units. */
const MEMORY_LENGTH = 16_000_000;

/** Makes output channels that are right however much is written to them, and share the memory they may take. */
export class LogOutputs {
  private openCount = 0;
  private toShow: (() => void) | undefined;

  constructor(private readonly maxFileBytes = MAX_FILE_BYTES) {}

  open(name: string): LogChannelTarget {
    this.openCount++;
    return new LogOutput(name, {
      maxFileBytes: this.maxFileBytes,
      memoryLength: () => MEMORY_LENGTH / this.openCount,
      showSoon: (show) => this.showSoon(show),
      closed: () => this.openCount--,
    });
  }

  /** Of many channels to be shown at once only the last is seen, but VS Code would load and keep the text of each. */
  private showSoon(show: () => void): void {
    if (!this.toShow) queueMicrotask(() => this.showLast());
    this.toShow = show;
  }

  private showLast(): void {
    this.toShow?.();
    this.toShow = undefined;
  }
}

interface Siblings {
  readonly maxFileBytes: number;
  readonly memoryLength: () => number;
  readonly showSoon: (show: () => void) => void;
  readonly closed: () => void;
}

class LogOutput implements LogChannelTarget {
  private channel: vscode.OutputChannel;
  private writtenBytes = 0;
  private isClosed = false;

  constructor(
    private readonly name: string,
    private readonly siblings: Siblings,
  ) {
    this.channel = vscode.window.createOutputChannel(name, LOG_LANGUAGE);
  }

  hasRoomFor(text: string): boolean {
    return this.writtenBytes + Buffer.byteLength(text) <= this.siblings.maxFileBytes;
  }

  memoryLength(): number {
    return this.siblings.memoryLength();
  }

  append(text: string): void {
    this.writtenBytes += Buffer.byteLength(text);
    this.channel.append(text);
  }

  clear(): void {
    if (this.writtenBytes > this.siblings.maxFileBytes / 2) this.renew();
    else this.channel.clear();
  }

  show(preserveFocus?: boolean): void {
    this.siblings.showSoon(() => {
      if (!this.isClosed) this.channel.show(preserveFocus);
    });
  }

  dispose(): void {
    this.isClosed = true;
    this.siblings.closed();
    this.channel.dispose();
  }

  private renew(): void {
    const old = this.channel;
    const wasShown = isShown(this.name);
    this.channel = vscode.window.createOutputChannel(this.name, LOG_LANGUAGE);
    this.writtenBytes = 0;
    // Before the old one is gone: VS Code would show just any channel in between.
    if (wasShown) this.channel.show(true);
    old.dispose();
  }
}

/** Whether the channel is in front of the person. Its document's path is VS Code's id of it, which ends with its name. */
function isShown(name: string): boolean {
  return vscode.window.visibleTextEditors.some(
    ({ document: { uri } }) => uri.scheme === 'output' && /-#\d+-(.*)$/s.exec(uri.path)?.[1] === name,
  );
}
