import * as vscode from 'vscode';
import type { Clock } from '../../../base/clock';
import { DisposableStore, type Disposable } from '../../../base/lifecycle';
import { isActive, type Container } from '../../../model/container';
import { oneLine } from '../../../model/format';
import type { MetricSample } from '../../../model/metrics';
import { percentDigits } from '../../../model/metricsText';
import { ThresholdWatch, type MetricThresholds, type ThresholdFigure } from '../../../model/thresholdWatch';
import type { Host } from '../../hosts/host';

/** What is told within this time is told together. */
const GATHER_MS = 2_000;

export interface NoticeParts {
  readonly thresholds: () => MetricThresholds;
  /** Whether the person wants to be told. */
  readonly isWanted: () => boolean;
  readonly stopWanting: () => void;
  readonly clock: Clock;
  readonly showLogs: (host: Host, container: Container) => void;
  readonly showMetrics: () => void;
  /** VS Code's own, but in suites. */
  readonly show: (message: string, ...buttons: string[]) => Thenable<string | undefined>;
}

interface News {
  readonly host: Host;
  readonly container: Container;
  readonly figure: ThresholdFigure;
  readonly percent: number;
}

/** Tells once in a window of each container that uses too much, if the person asked for it. */
export class ThresholdNotices implements Disposable {
  private readonly store = new DisposableStore();
  private readonly watch: ThresholdWatch;
  private waiting: News[] = [];

  constructor(private readonly parts: NoticeParts) {
    this.watch = new ThresholdWatch(parts.thresholds);
  }

  take(host: Host, container: Container | undefined, sample: MetricSample): void {
    if (!container || !isActive(container) || !this.parts.isWanted()) return;
    const figure = this.watch.next(`${host.id}/${container.id}`, sample.timeMs, sample);
    if (figure === undefined) return;
    this.waiting.push({ host, container, figure, percent: sample[figure] ?? 0 });
    if (this.waiting.length > 1) return;
    this.store.add(this.parts.clock.setTimer(() => void this.tell(), GATHER_MS));
  }

  private async tell(): Promise<void> {
    const news = this.waiting;
    this.waiting = [];
    this.store.clear();
    const [first] = news;
    if (!first) return;
    const never = vscode.l10n.t('Don’t Show Again');
    const isOne = news.length === 1;
    const help = isOne ? vscode.l10n.t('Show Logs') : vscode.l10n.t('Show Metrics');
    const chosen = await this.parts.show(isOne ? inWords(first) : inWordsTogether(news), help, never);
    if (chosen === never) this.parts.stopWanting();
    else if (chosen === help) {
      if (isOne) this.parts.showLogs(first.host, first.container);
      else this.parts.showMetrics();
    }
  }

  dispose(): void {
    this.store.dispose();
  }
}

function inWords({ host, container, figure, percent }: News): string {
  const name = oneLine(container.name, 80);
  const value = `${percentDigits(percent)}%`;
  return figure === 'cpuPercent'
    ? vscode.l10n.t('{0} on {1} has used {2} of a processor for some seconds.', name, host.name, value)
    : vscode.l10n.t('{0} on {1} uses {2} of its memory.', name, host.name, value);
}

const MOST_NAMES = 5;

function inWordsTogether(news: readonly News[]): string {
  const names = news.slice(0, MOST_NAMES).map(({ container }) => oneLine(container.name, 40));
  const rest = news.length - names.length;
  const all = [...names, ...(rest > 0 ? [vscode.l10n.t('… and {0} more', rest)] : [])].join(', ');
  return vscode.l10n.t('{0} containers are above a threshold: {1}', news.length, all);
}
