import * as vscode from 'vscode';
import { deferred } from '../../base/async';
import type { Disposable } from '../../base/lifecycle';
import type { Deployments } from '../../engine/deployments';
import { reasonOf, stateWords, type DeploymentEntry, type DeploymentId } from '../../model/deployment';
import { NewestText } from '../../model/newestText';
import { plainLine } from '../../model/plainText';
import { markerLine } from '../logs/markers';
import { reasonInWords } from '../notify';
import { nameInWords } from './words';

/** VS Code takes long over more than this. */
const MOST_LINES = 1_000_000;
/** Of a deployment that runs, what comes within this time counts as what is there already. */
const BACKLOG_MS = 300;

/** A deployment's log as text: each line with its time, and a line for each stage. Follows until it is over. */
export class DeploymentLog implements Disposable {
  private readonly following: Disposable;
  private readonly newest: NewestText;
  private readonly read = deferred<undefined>();
  private readonly timer: NodeJS.Timeout;
  private stage = '';

  /** Resolves when what was there already is read. */
  readonly whenRead: Promise<void>;

  constructor(
    deployments: Deployments,
    id: DeploymentId,
    maxLength: number,
    private readonly changed: () => void,
  ) {
    this.newest = new NewestText(maxLength, MOST_LINES);
    this.whenRead = this.read.promise;
    this.timer = setTimeout(() => this.read.resolve(undefined), BACKLOG_MS);
    this.following = deployments.follow(id, 0, {
      entries: (entries) => {
        for (const entry of entries) this.add(entry);
        this.changed();
      },
      ended: (error) => {
        if (error)
          this.newest.add(
            `${markerLine(vscode.l10n.t('The log can’t be read: {0}', reasonInWords(error)))}\n`,
            0,
          );
        this.changed();
        this.read.resolve(undefined);
      },
    });
  }

  text(): string {
    const left = this.newest.droppedLines;
    if (left === 0) return this.newest.toString();
    const count = left.toLocaleString(vscode.env.language);
    return `${markerLine(vscode.l10n.t('{0} earlier lines are not in this document', count))}\n${this.newest.toString()}`;
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.read.resolve(undefined);
    this.following.dispose();
  }

  private add(entry: DeploymentEntry): void {
    const time = new Date(entry.timeMs).toLocaleTimeString('sv-SE');
    if (entry.kind === 'log') {
      const lines = entry.text.replace(/\r?\n$/, '').split(/\r?\n/);
      this.newest.add(lines.map((line) => `${time} ${plainLine(line)}\n`).join(''), lines.length);
      return;
    }
    const states = stateWords(entry.deployment);
    const now = states.join(' ');
    if (now === this.stage) return;
    this.stage = now;
    const reason = reasonOf(entry.deployment);
    const words = [...states.map(nameInWords), ...(reason === undefined ? [] : [reason])];
    this.newest.add(`${markerLine(`${time} ${plainLine(words.join(' · '))}`)}\n`, 0);
  }
}
