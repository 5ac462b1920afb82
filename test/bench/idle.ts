import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import { buildForVSCode, runInsideVSCode } from './insideVSCode';
import type { Figures } from './main';
import { IDLE_BEGINS, IDLE_ENDS } from './idleSignals';
import { rounded } from './statistics';

const RUNNING = 500;
const STOPPED = 1_000;
/** Shown so long and hidden so long. */
const IDLE_MS = process.env['QUAYWATCH_BENCH_IDLE_MS'] ?? '20000';

/**
 * What Quaywatch costs while nothing happens: requests at an engine with 1,500 containers, and the extension host's
 * processor time while the view is shown and while another is in front of it. The peer is the same extension host
 * before the extension is activated.
 */
export async function idleBenchmark(): Promise<Figures> {
  buildForVSCode();
  const fake = await new FakeEngine({ personality: '29' }).listen();
  fake.bulkStopped(STOPPED);
  fake.bulkRunning(RUNNING);
  try {
    const figures = await runInsideVSCode('idle', {
      QUAYWATCH_BENCH_ENGINE: fake.socketPath,
      QUAYWATCH_BENCH_IDLE_MS: IDLE_MS,
    });
    return {
      ...Object.fromEntries(Object.entries(figures).map(([name, value]) => [`idle.${name}`, rounded(value)])),
      'idle.requests': requestsBetween(fake, IDLE_BEGINS, IDLE_ENDS),
    };
  } finally {
    await fake.dispose();
  }
}

/** The inside asks for paths that no engine has, when its time begins and ends. */
function requestsBetween(fake: FakeEngine, begin: string, end: string): number {
  const indexOf = (wanted: string): number => {
    const index = fake.requests.findIndex(({ path }) => path.includes(wanted));
    if (index < 0) throw new Error(`Nobody asked for ${wanted}.`);
    return index;
  };
  return indexOf(end) - indexOf(begin) - 1;
}
