import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { ChannelText } from '../../model/channelText';
import type { MergedLine } from '../../model/logMerge';
import { barOf, MergedText, type Labelled, type MergedLook } from '../../model/mergedText';
import type { LogChannelOptions, LogChannelTarget } from './logChannel';
import { shownInChannel, type JsonStyle } from './logText';
import { OMISSION_TEXTS } from './markers';
import type { MergedOutput } from './mergedTail';

/** The output channel of several containers. */
export class MergedTailChannel implements MergedOutput, Disposable {
  private readonly store = new DisposableStore();
  private readonly text: ChannelText;
  private lines = new MergedText(lookOf(false, 'raw'), false);

  constructor(
    readonly name: string,
    private readonly target: LogChannelTarget,
    options: LogChannelOptions,
  ) {
    this.store.add(target);
    this.text = this.store.add(new ChannelText({ ...options, target, texts: OMISSION_TEXTS }));
  }

  /** Brings the channel to the front and leaves the keyboard where it is. */
  show(): void {
    this.target.show(true);
  }

  /** Empties the channel for a tail that begins. */
  begin(hasTimestamps: boolean, json: JsonStyle): void {
    this.text.clear();
    this.lines = new MergedText(lookOf(hasTimestamps, json), hasTimestamps);
  }

  makeRoomFor(source: Labelled): void {
    this.lines.makeRoomFor(source);
  }

  write(merged: readonly MergedLine<Labelled>[]): void {
    for (const { text, lineCount } of this.lines.piecesOf(merged)) this.text.add(text, lineCount);
  }

  say(line: string): void {
    this.text.add(`${line}\n`, 0);
  }

  dispose(): void {
    this.text.flush();
    this.store.dispose();
  }
}

function lookOf(hasTimestamps: boolean, json: JsonStyle): MergedLook {
  return {
    column: (label, slot) => `${label} ${barOf(slot)} `,
    line: shownInChannel(hasTimestamps, json),
    note: (text) => text,
    lineEnding: '\n',
  };
}
