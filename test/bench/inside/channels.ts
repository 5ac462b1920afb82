import * as vscode from 'vscode';
import type { LogChannelTarget } from '../../../src/vscode/logs/logChannel';
import { eventually } from '../../support/eventually';

/** The texts that the channels have at their ends. */
const END = '── stopped';
const DRAWN_TIMEOUT_MS = 60_000;

/** A real output channel that tells when its container's log was written into it to its end. */
export class WatchedChannel implements LogChannelTarget {
  private isEnded = false;

  constructor(
    readonly name: string,
    private readonly target: LogChannelTarget,
  ) {}

  get hasEnded(): boolean {
    return this.isEnded;
  }

  hasRoomFor(text: string): boolean {
    return this.target.hasRoomFor?.(text) ?? true;
  }

  memoryLength(): number {
    return this.target.memoryLength?.() ?? Number.POSITIVE_INFINITY;
  }

  append(text: string): void {
    this.target.append(text);
    this.isEnded ||= text.includes(END);
  }

  clear(): void {
    this.target.clear();
    this.isEnded = false;
  }

  show(): void {
    this.target.show(true);
  }

  dispose(): void {
    this.target.dispose();
  }

  /** What VS Code shows of it once it has drawn all. */
  async text(): Promise<string> {
    this.show();
    const texts = (): string[] =>
      vscode.window.visibleTextEditors
        .map(({ document }) => document)
        .filter(({ uri }) => uri.scheme === 'output' && uri.path.endsWith(`-${this.name}`))
        .map((document) => document.getText());
    await eventually(
      () =>
        `${this.name} is drawn to its end, but ${texts()
          .map((text) => `${text.length}: …${text.slice(-200)}`)
          .join()}`,
      () => texts().some((text) => text.includes(END)),
      DRAWN_TIMEOUT_MS,
    );
    return texts().find((text) => text.includes(END)) ?? '';
  }
}
