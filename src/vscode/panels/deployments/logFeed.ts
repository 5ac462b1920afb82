import type { Disposable } from '../../../base/lifecycle';
import type { Deployments } from '../../../engine/deployments';
import type { DeploymentPlace, DeploymentsDelta } from '../../../protocol/webview/deployments';
import { MOST_LOG_LINES, type DeploymentLine } from '../../../protocol/webview/deployments';
import { reasonInWords } from '../../notify';
import { pageLines } from './pageRows';

/** Follows a deployment's log from its beginning, and keeps what the page was not sent yet: its newest lines, bounded. */
export class LogFeed implements Disposable {
  private readonly following: Disposable;
  private waiting: DeploymentLine[] = [];
  private skippedLines = 0;
  private isFresh = true;
  private isEnded = false;
  private failure: string | undefined;
  private isDirty = false;

  /** @param changed called when there is something to take */
  constructor(
    deployments: Deployments,
    private readonly place: DeploymentPlace,
    changed: () => void,
  ) {
    this.following = deployments.follow(place.id, 0, {
      entries: (entries) => {
        for (const entry of entries) if (entry.kind === 'log') this.add(pageLines(entry.stream, entry.text));
        if (this.isDirty) changed();
      },
      ended: (error) => {
        this.isEnded = true;
        this.failure = error && reasonInWords(error);
        this.isDirty = true;
        changed();
      },
    });
  }

  /** What is new since it was last taken. */
  take(): DeploymentsDelta | undefined {
    if (!this.isDirty) return undefined;
    this.cut();
    const { place, waiting: lines, skippedLines, isFresh, isEnded, failure } = this;
    this.waiting = [];
    this.skippedLines = 0;
    this.isFresh = false;
    this.isDirty = false;
    return {
      kind: 'log',
      place,
      lines,
      skippedLines,
      isFresh,
      isEnded,
      ...(failure !== undefined && { failure }),
    };
  }

  dispose(): void {
    this.following.dispose();
  }

  private add(lines: readonly DeploymentLine[]): void {
    this.waiting.push(...lines);
    this.isDirty = true;
    // Twice as many before they are cut, so that cutting costs next to nothing for each line.
    if (this.waiting.length > 2 * MOST_LOG_LINES) this.cut();
  }

  private cut(): void {
    const kept = this.waiting.slice(-MOST_LOG_LINES);
    this.skippedLines += this.waiting.length - kept.length;
    this.waiting = kept;
  }
}
