import type { LogLine } from './log';
import type { MergedLine } from './logMerge';
import { LogStamps } from './logStamp';

/**
 * What stands between a label and its line. Output channels have no colours of their own, and the grammar that colours
 * them knows no names: each of these bars stands for another colour. Few logs have them, unlike the plain `│`.
 */
export const LABEL_BARS = ['┃', '║', '┇', '┋', '╏', '┆', '┊'] as const;

/** A line of ours among a container's lines: it has no time. */
export interface MergedNote extends LogLine {
  readonly isNote: true;
}

export function noteOf(text: string): MergedNote {
  return { timestamp: '', stream: 'stdout', text, isNote: true };
}

export function isNote(line: LogLine): line is MergedNote {
  return 'isNote' in line;
}

/** Whose lines these are, as readers tell them apart. */
export interface Labelled {
  readonly label: string;
  /** Counts from 0; colours repeat when there are more. */
  readonly slot: number;
}

/** How lines look where they are shown. */
export interface MergedLook {
  readonly column: (paddedLabel: string, slot: number) => string;
  /** More than one line where a line is shown as several. */
  readonly line: (text: string, line: LogLine) => string;
  readonly note: (text: string) => string;
  readonly lineEnding: string;
}

/** A label's bar; with it the grammar tells the colour. */
export function barOf(slot: number): string {
  return LABEL_BARS[slot % LABEL_BARS.length] ?? LABEL_BARS[0];
}

export interface MergedPiece {
  readonly text: string;
  readonly lineCount: number;
}

/** Makes text of merged lines: the label, padded to the longest there is, then the time if wanted, then the line. */
export class MergedText<Source extends Labelled> {
  private readonly stamps = new LogStamps();
  private readonly columns = new Map<Source, string>();
  private width = 0;

  constructor(
    private readonly look: MergedLook,
    private readonly hasTimestamps: boolean,
  ) {}

  /** Lines of this source are going to come: from now on there is room for its label. */
  makeRoomFor({ label }: Source): void {
    if (label.length <= this.width) return;
    this.width = label.length;
    this.columns.clear();
  }

  of(merged: readonly MergedLine<Source>[]): string {
    return merged.map(({ source, line }) => this.lineOf(source, line)).join('');
  }

  /** The same in pieces, each with how many of the lines are a container's own: a note is one by itself, of none. */
  piecesOf(merged: readonly MergedLine<Source>[]): readonly MergedPiece[] {
    const pieces: MergedPiece[] = [];
    let from = 0;
    const endAt = (end: number, lineCount: number): void => {
      if (end > from) pieces.push({ text: this.of(merged.slice(from, end)), lineCount });
      from = end;
    };
    for (const [index, { line }] of merged.entries()) {
      if (!isNote(line)) continue;
      endAt(index, index - from);
      endAt(index + 1, 0);
    }
    endAt(merged.length, merged.length - from);
    return pieces;
  }

  private lineOf(source: Source, line: LogLine): string {
    const { note, lineEnding } = this.look;
    const column = this.columnOf(source);
    const shown = isNote(line) ? note(line.text) : this.shownOf(line);
    const labelled = shown.includes('\n') ? shown.replaceAll('\n', `${lineEnding}${column}`) : shown;
    return `${column}${labelled}${lineEnding}`;
  }

  private shownOf(line: LogLine): string {
    const shown = this.look.line(line.text, line);
    return this.hasTimestamps ? `${this.stamps.format(line.timestamp)} ${shown}` : shown;
  }

  private columnOf(source: Source): string {
    const known = this.columns.get(source);
    if (known !== undefined) return known;
    this.makeRoomFor(source);
    const column = this.look.column(source.label.padEnd(this.width), source.slot);
    this.columns.set(source, column);
    return column;
  }
}
