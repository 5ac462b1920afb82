import { monitorEventLoopDelay } from 'node:perf_hooks';
import * as vscode from 'vscode';
import { DockerEngine } from '../../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../../src/engine/docker/openDockerSession';
import type { LogChannelTarget } from '../../../src/vscode/logs/logChannel';
import { LogTails } from '../../../src/vscode/logs/logTails';
import { eventually } from '../../support/eventually';
import { report } from './report';

const NANOSECONDS_PER_MS = 1_000_000;
const BYTES_PER_MEGABYTE = 1_000_000;
const MAX_CHANNEL_LENGTH = 8_000_000;

interface Watched {
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  readonly growthMegabytes: number;
  readonly seconds: number;
}

/** VS Code calls this in the extension host. */
export async function run(): Promise<void> {
  const log = (): void => undefined;
  const dockerHost = required('QUAYWATCH_BENCH_HOST');
  const engine = new DockerEngine({ openSession: dockerSessionOpener(() => dockerHost, log), log });
  const host = { id: 'bench', name: 'Bench', engine };
  const counts: Counts = { shown: 0, channelLength: 0, omitted: 0, ended: 0 };
  const tails = new LogTails({
    openChannel: (name) => countedChannel(name, counts),
    tailLines: () => Number(required('QUAYWATCH_BENCH_LINES')),
    hasTimestamps: () => false,
    maxChannelLength: () => MAX_CHANNEL_LENGTH,
    onFailed: (_container, error) => {
      throw error;
    },
  });
  engine.connect();
  await eventually('connected', () => engine.connection.kind === 'ready');
  const tailAll = (ids: readonly string[]) => () => {
    for (const id of ids) {
      const container = engine.containers?.get(id);
      if (!container) throw new Error(`No container ${id}.`);
      tails.tail(host, container);
    }
  };
  const big = await watch(tailAll([required('QUAYWATCH_BENCH_BIG')]), counts, 1);
  const channelLengthMegabytes = counts.channelLength / BYTES_PER_MEGABYTE;
  const { shown, omitted } = counts;
  const small = required('QUAYWATCH_BENCH_SMALL').split(',');
  const fifty = await watch(tailAll(small), counts, small.length);
  tails.dispose();
  engine.dispose();
  await report({
    ...named('one', big),
    ...named('fifty', fifty),
    'one.linesShownAndCounted': shown + omitted,
    'one.channelMegabytes': channelLengthMegabytes,
  });
}

/** Works until so many more tails have told that their container is stopped: then all their lines have been read. */
async function watch(work: () => void, counts: Counts, tails: number): Promise<Watched> {
  counts.ended = 0;
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const before = process.memoryUsage().rss;
  const startedMs = performance.now();
  let peak = before;
  delay.enable();
  work();
  await eventually(
    () => `all ${tails} logs are read, but ${counts.ended}`,
    () => {
      peak = Math.max(peak, process.memoryUsage().rss);
      return counts.ended >= tails;
    },
    240_000,
  );
  delay.disable();
  return {
    loopDelayP99Ms: delay.percentile(99) / NANOSECONDS_PER_MS,
    loopDelayMaxMs: delay.max / NANOSECONDS_PER_MS,
    growthMegabytes: (peak - before) / BYTES_PER_MEGABYTE,
    seconds: (performance.now() - startedMs) / 1000,
  };
}

interface Counts {
  /** Lines in the channel now, and lines that its markers say were left out. */
  shown: number;
  omitted: number;
  channelLength: number;
  /** Logs that were read to the end of their container's run. */
  ended: number;
}

/** A real output channel; what is written to it is counted as a reader would count it. */
function countedChannel(name: string, counts: Counts): LogChannelTarget {
  const channel = vscode.window.createOutputChannel(name);
  const add = (text: string): void => {
    if (text.includes('── stopped')) counts.ended++;
    counts.shown += text.split('\n').filter((line) => line !== '' && !line.startsWith('──')).length;
    counts.omitted += told(text, /^── ([\d.,\s]+) lines skipped/gm) + told(text, /^── ([\d.,\s]+) earlier/gm);
    counts.channelLength += text.length;
  };
  return {
    append: (text) => {
      channel.append(text);
      add(text);
    },
    replace: (text) => {
      channel.replace(text);
      counts.shown = counts.omitted = counts.channelLength = 0;
      add(text);
    },
    show: () => channel.show(true),
    dispose: () => channel.dispose(),
  };
}

/** The sum of the numbers that a marker tells. */
function told(text: string, marker: RegExp): number {
  return [...text.matchAll(marker)].reduce(
    (sum, [, digits = '']) => sum + Number(digits.replace(/\D/g, '')),
    0,
  );
}

function named(name: string, figures: Watched): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([key, value]) => [`${name}.${key}`, Number(value)]));
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set.`);
  return value;
}
