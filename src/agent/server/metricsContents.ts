import type { MetricUpdate } from '../../model/metrics';
import type { WireError } from '../../protocol/errorCodes';
import { gapContent, sampleContent, type EntryContent } from '../../protocol/metricsFrames';

/** What is sent of updates: encoded once, however many clients are sent it. */
export class MetricsContents {
  private readonly encoded = new WeakMap<MetricUpdate, EntryContent>();

  constructor(private readonly wireError: (error: unknown) => WireError) {}

  of(update: MetricUpdate): EntryContent {
    const known = this.encoded.get(update);
    if (known) return known;
    const content = update.kind === 'sample' ? sampleContent(update.sample) : this.gap(update);
    this.encoded.set(update, content);
    return content;
  }

  private gap({ gap }: Extract<MetricUpdate, { kind: 'gap' }>): EntryContent {
    const { reason, error } = gap;
    return gapContent({ reason, ...(error && { error: this.wireError(error) }) });
  }
}
