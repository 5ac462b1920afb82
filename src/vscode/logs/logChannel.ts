import * as vscode from 'vscode';
import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { ChannelText, type TextTarget } from '../../model/channelText';
import type { LogBatch, LogMarker } from '../../model/log';
import { plainLine } from '../../model/plainText';
import { reasonInWords } from '../notify';
import { describeMarker, markerLine, OMISSION_TEXTS } from './markers';

/** What a log channel needs of VS Code's `OutputChannel`. */
export interface LogChannelTarget extends TextTarget, Disposable {
  show(preserveFocus?: boolean): void;
}

export interface LogChannelOptions {
  readonly maxLength: number;
  readonly clock: Clock;
}

/** One container's output channel. */
export class LogChannel implements Disposable {
  private readonly store = new DisposableStore();
  private readonly text: ChannelText;

  constructor(
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

  clear(): void {
    this.text.clear();
  }

  writeLines(batch: LogBatch): void {
    const text = batch.lines.map((line) => `${plainLine(line.text)}\n`).join('');
    this.text.add(text, batch.lines.length);
  }

  writeMarker(marker: LogMarker): void {
    this.text.add(`${describeMarker(marker)}\n`, 0);
  }

  writeFailure(error: unknown): void {
    this.text.add(`${markerLine(vscode.l10n.t('the log can not be read: {0}', reasonInWords(error)))}\n`, 0);
  }

  writeStopped(): void {
    this.text.add(`${markerLine(vscode.l10n.t('no longer tailing'))}\n`, 0);
  }

  dispose(): void {
    this.text.flush();
    this.store.dispose();
  }
}
