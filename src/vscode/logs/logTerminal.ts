import * as vscode from 'vscode';
import { systemClock, type Clock } from '../../base/clock';
import { DisposableStore } from '../../base/lifecycle';
import { oneLine } from '../../model/format';
import { colouredLine } from '../../model/plainText';
import type { Target } from '../commands/targets';
import type { OnHostReplaced } from '../hosts/hostReplaced';
import { reasonInWords } from '../notify';
import { hostReplacedLine } from './logChannel';
import { LogText } from './logText';
import { describeMarker, markerLine, OMISSION_TEXTS } from './markers';
import { TerminalText } from './terminalText';

export interface LogTerminalOptions {
  readonly tailLines: number;
  readonly hasTimestamps: boolean;
  readonly onHostReplaced: OnHostReplaced;
  readonly clock?: Clock;
}

export function openLogTerminal(target: Target, options: LogTerminalOptions): void {
  const name = vscode.l10n.t('Log of {0} ({1})', oneLine(target.container.name, 80), target.host.name);
  const pty = new LogTerminal(target, options);
  vscode.window.createTerminal({ name, pty, iconPath: new vscode.ThemeIcon('output') }).show(true);
}

/** A terminal that follows a log with the colours its container gave it. Nothing can be typed into it. */
export class LogTerminal implements vscode.Pseudoterminal {
  private readonly store = new DisposableStore();
  private readonly written = this.store.add(new vscode.EventEmitter<string>());
  private readonly text: TerminalText;

  readonly onDidWrite = this.written.event;

  constructor(
    private readonly target: Target,
    private readonly options: LogTerminalOptions,
  ) {
    const skipped = (lines: number): string => dimmed(OMISSION_TEXTS.skipped(lines));
    const write = (text: string): void => this.written.fire(text);
    this.text = this.store.add(new TerminalText(write, skipped, options.clock ?? systemClock));
  }

  open(): void {
    const { host, container } = this.target;
    const { tailLines, hasTimestamps, onHostReplaced } = this.options;
    const lines = new LogText(hasTimestamps, colouredLine, '\r\n');
    const follow = host.engine.followLog(
      container.id,
      { tail: tailLines, follow: true },
      {
        lines: (batch) => this.text.add(lines.of(batch), batch.lines.length),
        marker: (marker) => this.say(describeMarker(marker)),
        ended: (error) => {
          const reason = vscode.l10n.t('the log can not be read: {0}', reasonInWords(error));
          if (error) this.say(markerLine(reason));
        },
      },
    );
    this.store.add(follow);
    this.store.add(
      onHostReplaced(host, () => {
        this.store.delete(follow);
        this.say(hostReplacedLine(host));
      }),
    );
  }

  close(): void {
    this.store.dispose();
  }

  private say(line: string): void {
    this.text.add(dimmed(line), 0);
  }
}

/** Ends whatever colour the log left switched on, too. */
function dimmed(line: string): string {
  return `\u001b[0m\u001b[2m${line}\u001b[0m\r\n`;
}
