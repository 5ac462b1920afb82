import type { MachineUpdate } from '../../model/machineMetrics';
import type { MetricUpdate } from '../../model/metrics';
import type { WireError } from '../../protocol/errorCodes';
import { gapContent, machineContent, sampleContent, type EntryContent } from '../../protocol/metricsFrames';

/** What is sent of updates: encoded once, however many clients are sent it. */
export class MetricsContents {
  private readonly encoded = new WeakMap<MetricUpdate | MachineUpdate, EntryContent>();

  constructor(private readonly wireError: (error: unknown) => WireError) {}

  of(update: MetricUpdate): EntryContent {
    return this.remembered(update, () =>
      update.kind === 'sample' ? sampleContent(update.sample) : this.gap(update),
    );
  }

  ofMachine(update: MachineUpdate): EntryContent {
    return this.remembered(update, () => machineContent(update));
  }

  private remembered(update: MetricUpdate | MachineUpdate, encode: () => EntryContent): EntryContent {
    const known = this.encoded.get(update);
    if (known) return known;
    const content = encode();
    this.encoded.set(update, content);
    return content;
  }

  private gap({ gap }: Extract<MetricUpdate, { kind: 'gap' }>): EntryContent {
    const { reason, error } = gap;
    return gapContent({ reason, ...(error && { error: this.wireError(error) }) });
  }
}
