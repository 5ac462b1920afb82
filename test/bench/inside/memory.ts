import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { DockerEngine } from '../../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../../src/engine/docker/openDockerSession';
import { LogOutputs } from '../../../src/vscode/logs/logOutputs';
import { LogTails } from '../../../src/vscode/logs/logTails';
import { eventually } from '../../support/eventually';
import { accountOf } from '../account';
import { WatchedChannel } from './channels';
import { required } from './environment';
import { reported } from './report';
import { watch } from './watch';

const MAX_CHANNEL_LENGTH = 8_000_000;
const UNITS_PER_MEGABYTE = 1_000_000;
const READ_TIMEOUT_MS = 120_000;

/** VS Code calls this in the extension host. */
export const run = reported(async () => {
  const dockerHost = required('QUAYWATCH_BENCH_HOST');
  const lines = Number(required('QUAYWATCH_BENCH_LINES'));
  const big = required('QUAYWATCH_BENCH_BIG');
  const small = required('QUAYWATCH_BENCH_SMALL').split(',');
  const log = (): void => undefined;
  const engine = new DockerEngine({ openSession: dockerSessionOpener(() => dockerHost, log), log });
  const outputs = new LogOutputs();
  let channels: WatchedChannel[] = [];
  const tails = new LogTails({
    openChannel: (name) => {
      const channel = new WatchedChannel(name, outputs.open(name));
      channels.push(channel);
      return channel;
    },
    tailLines: () => lines,
    hasTimestamps: () => false,
    maxChannelLength: () => MAX_CHANNEL_LENGTH,
    onFailed: (_container, error) => {
      throw error;
    },
  });
  const tailAll = async (ids: readonly string[]): Promise<void> => {
    channels = [];
    for (const id of ids) {
      const container = engine.containers?.get(id);
      if (!container) throw new Error(`No container ${id}.`);
      tails.tail({ id: 'bench', name: 'Bench', engine }, container);
    }
    const ended = (): number => channels.filter(({ hasEnded }) => hasEnded).length;
    await eventually(
      () => `${ids.length} logs are read, but ${ended()}`,
      () => ended() === ids.length,
      READ_TIMEOUT_MS,
    );
  };
  engine.connect();
  await eventually('connected', () => engine.connection.kind === 'ready');
  const cli = await watch(() => dockerLogs(dockerHost, big));
  const one = await watch(() => tailAll([big]));
  const oneShown = await shownIn(channels);
  const fifty = await watch(() => tailAll(small));
  const fiftyShown = await shownIn(channels);
  tails.dispose();
  engine.dispose();
  return {
    ...named('cli', { loopDelayP99Ms: cli.loopDelayP99Ms, loopDelayMaxMs: cli.loopDelayMaxMs }),
    ...named('one', { ...one, ...oneShown }),
    ...named('fifty', { ...fifty, ...fiftyShown }),
  };
});

/** The peer: the machine does the same work, but for this process. */
async function dockerLogs(dockerHost: string, id: string): Promise<void> {
  const child = spawn('docker', ['logs', '-t', id], {
    stdio: 'ignore',
    env: { ...process.env, DOCKER_HOST: dockerHost },
  });
  await once(child, 'exit');
}

/** What the channels' own texts, as VS Code shows them, say about all lines. */
async function shownIn(channels: readonly WatchedChannel[]): Promise<Record<string, number>> {
  const sums = { linesShown: 0, linesLeftOut: 0, faults: 0, longestChannelMegabytes: 0 };
  for (const channel of channels) {
    const text = await channel.text();
    const { shown, leftOut, faults } = accountOf(text);
    sums.linesShown += shown;
    sums.linesLeftOut += leftOut;
    sums.faults += faults;
    sums.longestChannelMegabytes = Math.max(sums.longestChannelMegabytes, text.length / UNITS_PER_MEGABYTE);
  }
  return { ...sums, linesAccountedFor: sums.linesShown + sums.linesLeftOut };
}

function named(name: string, figures: object): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([key, value]) => [`${name}.${key}`, Number(value)]));
}
