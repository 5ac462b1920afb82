import type {
  ContainerRow,
  Figures,
  HostRow,
  MachineFigures,
  MetricsSnapshot,
} from '../../src/protocol/webview/metrics';
import { DEFAULT_PREFERENCES } from '../../src/protocol/webview/metrics';

export function makeHostRow(id: string, fields: Partial<HostRow> = {}): HostRow {
  return {
    id,
    name: id,
    state: 'ready',
    reason: null,
    isMeasured: true,
    running: 0,
    total: 0,
    leftOut: 0,
    ...fields,
  };
}

export function makeContainerRow(name: string, fields: Partial<ContainerRow> = {}): ContainerRow {
  const hostId = fields.hostId ?? 'local';
  return {
    key: `${hostId}/${name}`,
    hostId,
    name,
    project: null,
    image: 'busybox',
    state: 'running',
    stateText: 'running',
    isActive: true,
    ...fields,
  };
}

export function makeFigures(key: string, fields: Partial<Figures> = {}): Figures {
  return {
    key,
    timeMs: 0,
    cpuPercent: null,
    memoryBytes: null,
    memoryLimitBytes: null,
    memoryPercent: null,
    networkReceivedBytes: null,
    networkSentBytes: null,
    networkReceivedBytesPerSecond: null,
    networkSentBytesPerSecond: null,
    blockReadBytes: null,
    blockWrittenBytes: null,
    blockReadBytesPerSecond: null,
    blockWrittenBytesPerSecond: null,
    processes: null,
    ...fields,
  };
}

export function makeMachineFigures(hostId: string, fields: Partial<MachineFigures> = {}): MachineFigures {
  return {
    hostId,
    timeMs: 0,
    cpuPercent: null,
    processorPercents: [],
    processors: 1,
    load: null,
    memoryUsedBytes: null,
    memoryTotalBytes: null,
    diskUsedBytes: null,
    diskTotalBytes: null,
    networkReceivedBytesPerSecond: null,
    networkSentBytesPerSecond: null,
    ...fields,
  };
}

export function makeSnapshot(fields: Partial<MetricsSnapshot> = {}): MetricsSnapshot {
  return {
    place: 'editor',
    hosts: [makeHostRow('local')],
    rows: [],
    preferences: DEFAULT_PREFERENCES,
    thresholds: { cpuPercent: 90, memoryPercent: 90 },
    focus: null,
    isTrusted: true,
    ...fields,
  };
}
