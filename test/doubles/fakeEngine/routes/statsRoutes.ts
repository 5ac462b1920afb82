import type { FakeContainer } from '../container';
import type { EngineCore } from '../core';
import { formatNanoseconds, ZERO_TIME } from '../time';
import { containerOf, flag, sendJson, type Route, type RouteContext } from './routing';

export const statsRoutes: readonly Route[] = [
  { name: 'stats', method: 'GET', path: /^\/containers\/([^/]+)\/stats$/, handle: stats },
];

const CPU_COUNT = 4;
const MEMORY_LIMIT_BYTES = 8 * 1024 ** 3;
const CACHE_BYTES = 4 * 1024 ** 2;

interface CpuSample {
  readonly timeText: string;
  readonly usedNs: number;
  readonly systemNs: number;
}

const NO_SAMPLE: CpuSample = { timeText: ZERO_TIME, usedNs: 0, systemNs: 0 };

function stats(context: RouteContext): void {
  const container = containerOf(context);
  const sampler = new StatsSampler(context.core, container);
  if (!flag(context.query, 'stream', true)) {
    if (!flag(context.query, 'one-shot')) sampler.next();
    sendJson(context.response, 200, sampler.next());
    return;
  }
  streamSamples(context, container, sampler);
}

function streamSamples(
  { core, response }: RouteContext,
  container: FakeContainer,
  sampler: StatsSampler,
): void {
  response.writeHead(200, core.personality.isPodman ? { 'Content-Type': 'application/json' } : {});
  response.flushHeaders();
  const closed = core.counters.streamOpened('stats');
  const send = (): void => {
    if (container.state === 'removing') response.end();
    else if (response.writableLength === 0)
      response.write(`${JSON.stringify(core.changeStats(sampler.next()))}\n`);
  };
  send();
  const timer = setInterval(send, core.statsIntervalMs);
  response.once('close', () => {
    clearInterval(timer);
    closed();
  });
}

/** Makes samples whose processor use is 12.5 % of one processor, in the form of the engine's cgroup version. */
class StatsSampler {
  private previous = NO_SAMPLE;
  private count = 0;
  private startedNs: bigint;

  constructor(
    private readonly core: EngineCore,
    private readonly container: FakeContainer,
  ) {
    this.startedNs = container.startedNs;
  }

  next(): object {
    const identity = { name: `/${this.container.name}`, id: this.container.id };
    if (!this.container.isRunning) return { ...emptySample(), ...identity };
    if (this.startedNs !== this.container.startedNs) this.beginAnew();
    this.count++;
    const current = {
      timeText: formatNanoseconds(this.core.clock.nowNs(), this.core.offsetMinutes),
      usedNs: this.count * 125_000_000,
      systemNs: this.count * CPU_COUNT * 1_000_000_000,
    };
    const sample = {
      read: current.timeText,
      preread: this.previous.timeText,
      pids_stats: { current: 1 },
      blkio_stats: { io_service_bytes_recursive: [] },
      num_procs: 0,
      storage_stats: {},
      cpu_stats: this.cpu(current),
      precpu_stats: this.cpu(this.previous),
      memory_stats: this.memory(),
      networks: {
        eth0: {
          rx_bytes: this.count * 1000,
          rx_packets: this.count,
          tx_bytes: this.count * 500,
          tx_packets: this.count,
        },
      },
      ...identity,
    };
    this.previous = current;
    return sample;
  }

  /** A new run counts from 0. The engine still sends the counters of the run before along. */
  private beginAnew(): void {
    this.startedNs = this.container.startedNs;
    this.count = 0;
  }

  private cpu(sample: CpuSample): object {
    const hasPerProcessor = this.core.personality.cgroupVersion === 1;
    const throttling = { periods: 0, throttled_periods: 0, throttled_time: 0 };
    const usage = { total_usage: sample.usedNs, usage_in_kernelmode: 0, usage_in_usermode: sample.usedNs };
    if (sample === NO_SAMPLE) return { cpu_usage: usage, throttling_data: throttling };
    const perProcessor = { percpu_usage: Array.from({ length: CPU_COUNT }, () => sample.usedNs / CPU_COUNT) };
    return {
      cpu_usage: { ...usage, ...(hasPerProcessor && perProcessor) },
      system_cpu_usage: sample.systemNs,
      online_cpus: CPU_COUNT,
      throttling_data: throttling,
    };
  }

  private memory(): object {
    const usage = 32 * 1024 ** 2 + this.count * 4096;
    const isFirst = this.core.personality.cgroupVersion === 1;
    const details = isFirst
      ? { cache: CACHE_BYTES, total_inactive_file: CACHE_BYTES }
      : { file: CACHE_BYTES, inactive_file: CACHE_BYTES };
    return { usage, limit: MEMORY_LIMIT_BYTES, ...(isFirst && { max_usage: usage }), stats: details };
  }
}

/** What the engine sends for a container that does not run. */
function emptySample(): object {
  const throttling = { periods: 0, throttled_periods: 0, throttled_time: 0 };
  const cpu = {
    cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
    throttling_data: throttling,
  };
  return {
    read: ZERO_TIME,
    preread: ZERO_TIME,
    pids_stats: {},
    blkio_stats: {},
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpu,
    precpu_stats: cpu,
    memory_stats: {},
  };
}
