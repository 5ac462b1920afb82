/** From where on a figure is too much; `undefined` for never. */
export interface MetricThresholds {
  readonly cpuPercent: number | undefined;
  readonly memoryPercent: number | undefined;
}

export type ThresholdFigure = keyof MetricThresholds;

/** So long a figure has to be too much before it is news: one second of work is none. */
const LASTING_MS = 5_000;
const MOST_CONTAINERS = 2_000;

/** Tells once of each container and figure that it has been too much for a while; again only after {@link forget}. */
export class ThresholdWatch {
  /** When it began, and whether that was told. */
  private readonly since = new Map<string, { readonly timeMs: number; isTold: boolean }>();

  constructor(private readonly thresholds: () => MetricThresholds) {}

  /** @returns the figure that is news */
  next(
    key: string,
    timeMs: number,
    figures: Readonly<Record<ThresholdFigure, number | undefined>>,
  ): ThresholdFigure | undefined {
    const thresholds = this.thresholds();
    let news: ThresholdFigure | undefined;
    for (const figure of ['cpuPercent', 'memoryPercent'] as const) {
      if (this.isNews(`${figure} ${key}`, timeMs, figures[figure], thresholds[figure])) news ??= figure;
    }
    return news;
  }

  private isNews(
    key: string,
    timeMs: number,
    value: number | undefined,
    threshold: number | undefined,
  ): boolean {
    const known = this.since.get(key);
    if (known?.isTold) return false;
    if (threshold === undefined || value === undefined || value < threshold) {
      this.since.delete(key);
      return false;
    }
    if (known === undefined) {
      this.since.set(key, { timeMs, isTold: false });
      const [oldest] = this.since.keys();
      if (this.since.size > 2 * MOST_CONTAINERS && oldest !== undefined) this.since.delete(oldest);
      return false;
    }
    if (timeMs - known.timeMs < LASTING_MS) return false;
    known.isTold = true;
    return true;
  }

  /** Everything is news again. */
  forget(): void {
    this.since.clear();
  }
}
