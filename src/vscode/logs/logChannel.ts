import * as vscode from 'vscode';
import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { Turns } from '../../base/turns';
import { ChannelText, type TextTarget } from '../../model/channelText';
import type { LogBatch, LogMarker } from '../../model/log';
import type { LogFilter } from '../../model/logFilter';
import { isDisconnected, type Host } from '../hosts/host';
import { reasonInWords } from '../notify';
import { channelLines, type JsonStyle } from './logText';
import { describeMarker, filterClearedLine, filterLine, markerLine, OMISSION_TEXTS } from './markers';

/** What a log channel needs of VS Code's `OutputChannel`. */
export interface LogChannelTarget extends TextTarget, Disposable {
  show(preserveFocus?: boolean): void;
}

export interface LogChannelOptions {
  readonly maxLength: number;
  readonly clock: Clock;
  /** Shared with the other channels. */
  readonly turns: Turns;
}

/** One container's output channel. */
export class LogChannel implements Disposable {
  private readonly store = new DisposableStore();
  private readonly text: ChannelText;
  private lines = channelLines(false, 'raw');

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

  /** Empties the channel for a tail that begins. */
  begin(hasTimestamps: boolean, json: JsonStyle = 'raw'): void {
    this.text.clear();
    this.lines = channelLines(hasTimestamps, json);
  }

  writeLines(batch: LogBatch): void {
    // A batch that a filter emptied only says how far the log was read.
    const { lines } = this;
    const { length } = batch.lines;
    if (length > 0) this.text.addLate(batch.textLength, length, () => lines.of(batch));
  }

  writeFilter(filter: LogFilter): void {
    this.writeOwn(filterLine(filter));
  }

  writeFilterCleared(): void {
    this.writeOwn(filterClearedLine());
  }

  writeMarker(marker: LogMarker): void {
    this.writeOwn(describeMarker(marker));
  }

  writeFailure(error: unknown): void {
    this.writeOwn(markerLine(vscode.l10n.t('the log can not be read: {0}', reasonInWords(error))));
  }

  writeStopped(): void {
    this.writeOwn(markerLine(vscode.l10n.t('no longer tailing')));
  }

  /** The host has another engine now, or is gone. */
  writeHostReplaced(host: Host): void {
    this.writeOwn(hostReplacedLine(host));
  }

  dispose(): void {
    this.text.flush();
    this.store.dispose();
  }

  private writeOwn(line: string): void {
    this.text.add(`${line}\n`, 0);
  }
}

/** @param host as it was when the tail began */
export function hostReplacedLine(host: Host): string {
  if (isDisconnected(host))
    return markerLine(vscode.l10n.t('no longer tailing: the host is no longer connected'));
  return markerLine(vscode.l10n.t('no longer tailing: the host is connected to another engine now'));
}
