import type { MachineSample } from '../../../model/machineMetrics';
import type { MetricSample } from '../../../model/metrics';
import type { Chart } from '../../../model/metricsChart';
import type { Figures, MachineFigures, PlainChart, RowKey } from '../../../protocol/webview/metrics';

/** JSON knows neither NaN nor infinity: what can't be said is not known. */
function figure(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : value;
}

export function figuresOf(key: RowKey, sample: MetricSample): Figures {
  return {
    key,
    timeMs: sample.timeMs,
    cpuPercent: figure(sample.cpuPercent),
    memoryBytes: figure(sample.memoryBytes),
    memoryLimitBytes: figure(sample.memoryLimitBytes),
    memoryPercent: figure(sample.memoryPercent),
    networkReceivedBytes: figure(sample.networkReceivedBytes),
    networkSentBytes: figure(sample.networkSentBytes),
    networkReceivedBytesPerSecond: figure(sample.networkReceivedBytesPerSecond),
    networkSentBytesPerSecond: figure(sample.networkSentBytesPerSecond),
    blockReadBytes: figure(sample.blockReadBytes),
    blockWrittenBytes: figure(sample.blockWrittenBytes),
    blockReadBytesPerSecond: figure(sample.blockReadBytesPerSecond),
    blockWrittenBytesPerSecond: figure(sample.blockWrittenBytesPerSecond),
    processes: figure(sample.processes),
  };
}

export function machineFiguresOf(hostId: string, sample: MachineSample): MachineFigures {
  return {
    hostId,
    timeMs: sample.timeMs,
    cpuPercent: figure(sample.cpuPercent),
    processorPercents: sample.processorPercents.map((percent) => (Number.isFinite(percent) ? percent : 0)),
    processors: Number.isFinite(sample.processors) ? sample.processors : 0,
    load: sample.load?.every(Number.isFinite) ? [...sample.load] : null,
    memoryUsedBytes: figure(sample.memoryUsedBytes),
    memoryTotalBytes: figure(sample.memoryTotalBytes),
    diskUsedBytes: figure(sample.diskUsedBytes),
    diskTotalBytes: figure(sample.diskTotalBytes),
    networkReceivedBytesPerSecond: figure(sample.networkReceivedBytesPerSecond),
    networkSentBytesPerSecond: figure(sample.networkSentBytesPerSecond),
  };
}

export function plainChart<Series extends string>(chart: Chart<Series>): PlainChart {
  const lines = Object.entries<Chart<Series>['lines'][Series]>(chart.lines).map(
    ([name, { least, mean, greatest }]) => [
      name,
      { least: plainLine(least), mean: plainLine(mean), greatest: plainLine(greatest) },
    ],
  );
  return {
    timesMs: [...chart.timesMs],
    lines: Object.fromEntries(lines) as PlainChart['lines'],
  };
}

function plainLine(line: Float32Array): (number | null)[] {
  return Array.from(line, figure);
}
