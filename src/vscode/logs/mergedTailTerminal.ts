import * as vscode from 'vscode';
import { DisposableStore } from '../../base/lifecycle';
import type { MergedLine } from '../../model/logMerge';
import { barOf, MergedText, type Labelled, type MergedLook } from '../../model/mergedText';
import { colouredLine } from '../../model/plainText';
import { OMISSION_TEXTS } from './markers';
import { MergedTail, type MergedOutput, type MergedTailing } from './mergedTail';
import { setName, type TailSet } from './mergedTailSet';
import { TerminalText } from './terminalText';

const RESET = '\u001b[0m';
/** Of the terminal's palette, which themes define: cyan, yellow, magenta, green, blue, bright cyan, bright magenta. */
const LABEL_COLOURS = [36, 33, 35, 32, 34, 96, 95];

const LOOK: MergedLook = {
  // Whatever colour the line before left switched on ends here.
  column: (label, slot) =>
    `${RESET}\u001b[${LABEL_COLOURS[slot % LABEL_COLOURS.length] ?? 39}m${label} ${barOf(slot)}${RESET} `,
  line: colouredLine,
  note: (text) => dimmed(text),
  lineEnding: '\r\n',
};

export interface MergedTerminalOptions extends MergedTailing {
  readonly hasTimestamps: boolean;
}

export function openMergedTerminal(set: TailSet, options: MergedTerminalOptions): void {
  const pty = new MergedTailTerminal(set, options);
  vscode.window
    .createTerminal({ name: setName(set), pty, iconPath: new vscode.ThemeIcon('output') })
    .show(true);
}

/** A terminal that follows several logs, with the colours their containers gave them. Nothing can be typed into it. */
export class MergedTailTerminal implements vscode.Pseudoterminal, MergedOutput {
  private readonly store = new DisposableStore();
  private readonly written = this.store.add(new vscode.EventEmitter<string>());
  private readonly text: TerminalText;
  private readonly lines: MergedText<Labelled>;

  readonly onDidWrite = this.written.event;

  constructor(
    private readonly set: TailSet,
    private readonly options: MergedTerminalOptions,
  ) {
    const skipped = (lines: number): string => `${dimmed(OMISSION_TEXTS.skipped(lines))}\r\n`;
    const write = (text: string): void => this.written.fire(text);
    this.text = this.store.add(new TerminalText(write, skipped, options.clock));
    this.lines = new MergedText(LOOK, options.hasTimestamps);
  }

  open(): void {
    const nothing = (): void => undefined;
    const ends = { onDidChange: nothing, onDidEnd: nothing };
    this.store.add(new MergedTail(this.set, { ...this.options, ...ends, output: this }));
  }

  close(): void {
    this.store.dispose();
  }

  makeRoomFor(source: Labelled): void {
    this.lines.makeRoomFor(source);
  }

  write(merged: readonly MergedLine<Labelled>[]): void {
    for (const { text, lineCount } of this.lines.piecesOf(merged)) this.text.add(text, lineCount);
  }

  say(line: string): void {
    this.text.add(`${dimmed(line)}\r\n`, 0);
  }
}

/** Ends whatever colour the log left switched on, too. */
function dimmed(text: string): string {
  return `${RESET}\u001b[2m${text}${RESET}`;
}
