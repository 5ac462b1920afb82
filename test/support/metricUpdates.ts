import type { MetricGapReason, MetricSample, MetricUpdate } from '../../src/model/metrics';

export function samplesIn(updates: readonly MetricUpdate[]): readonly MetricSample[] {
  return updates.flatMap((update) => (update.kind === 'sample' ? [update.sample] : []));
}

export function gapsIn(updates: readonly MetricUpdate[]): readonly MetricGapReason[] {
  return updates.flatMap((update) => (update.kind === 'gap' ? [update.gap.reason] : []));
}
