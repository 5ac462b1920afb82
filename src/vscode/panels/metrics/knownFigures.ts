import type { ContainerId } from '../../../model/container';
import type { MetricSample } from '../../../model/metrics';

const MOST_KNOWN = 2_000;
/** What is older says nothing about now. */
const FRESH_MS = 15_000;

interface Known {
  readonly sample: MetricSample;
  readonly heardAtMs: number;
}

/** The newest figures of what is being looked at, for those who only want to mention them. Asks nobody for any. */
export class KnownFigures {
  private readonly figures = new Map<string, Known>();

  constructor(private readonly nowMs: () => number) {}

  set(hostId: string, id: ContainerId, sample: MetricSample): void {
    const key = `${hostId}/${id}`;
    this.figures.delete(key);
    this.figures.set(key, { sample, heardAtMs: this.nowMs() });
    const [oldest] = this.figures.keys();
    if (this.figures.size > MOST_KNOWN && oldest !== undefined) this.figures.delete(oldest);
  }

  /** `undefined` where nothing is known, or nothing new. */
  get(hostId: string, id: ContainerId): MetricSample | undefined {
    const known = this.figures.get(`${hostId}/${id}`);
    return known && this.nowMs() - known.heardAtMs <= FRESH_MS ? known.sample : undefined;
  }
}
