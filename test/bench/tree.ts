import * as http from 'node:http';
import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import { eventually } from '../support/eventually';
import { buildForVSCode, runInsideVSCode } from './insideVSCode';
import type { Figures } from './main';
import { rounded } from './statistics';

const RUNNING = 500;
const STOPPED = 30_000;
const EVENTS_PER_SECOND = 1_000;

/**
 * The tree over 500 running and 30,000 stopped containers of the fake engine, inside a real VS Code: how long until it
 * shows, beside fetching and parsing the same list with plain `http`; then ten seconds of 1,000 events a second.
 */
export async function treeBenchmark(): Promise<Figures> {
  buildForVSCode();
  const fake = await new FakeEngine({ personality: '29' }).listen();
  fake.bulkStopped(STOPPED);
  fake.bulkRunning(RUNNING);
  // The inside asks for a rain of events by pausing this container, which nobody else touches.
  const signal = fake.run({ name: 'rain-signal' });
  const counts = { listsToShow: 0, listsInStorm: 0 };
  await warmUp(fake.socketPath);
  fake.resetCounts();
  const watching = rainWhenAsked(fake, signal.id, counts);
  try {
    const figures = await runInsideVSCode('tree', {
      QUAYWATCH_BENCH_ENGINE: fake.socketPath,
      QUAYWATCH_BENCH_SIGNAL: signal.id,
    });
    await watching;
    return {
      'tree.containers': RUNNING + STOPPED,
      'tree.listsToShow': counts.listsToShow,
      ...Object.fromEntries(Object.entries(figures).map(([name, value]) => [`tree.${name}`, rounded(value)])),
      'tree.listsInStorm': counts.listsInStorm,
    };
  } finally {
    await fake.dispose();
  }
}

async function rainWhenAsked(
  fake: FakeEngine,
  signalId: string,
  counts: { listsToShow: number; listsInStorm: number },
): Promise<void> {
  await eventually('the storm is asked for', () => fake.container(signalId).state === 'paused', 300_000);
  // One of the complete lists was the peer's.
  counts.listsToShow = completeLists(fake) - 1;
  const before = fake.count('list');
  const rain = fake.emitEvents(EVENTS_PER_SECOND, 'pause');
  await eventually('the storm is over', () => rain.emitted >= EVENTS_PER_SECOND * 10, 60_000);
  rain.stop();
  counts.listsInStorm = fake.count('list') - before;
}

function completeLists(fake: FakeEngine): number {
  return fake.requests.filter(({ route, path }) => route === 'list' && !path.includes('filters')).length;
}

/** The fake engine keeps what it made for the first list, as a real one keeps its containers in memory. */
async function warmUp(socketPath: string): Promise<void> {
  await new Promise((resolve, reject) => {
    http
      .get({ socketPath, path: '/containers/json?all=1' }, (response) => response.on('end', resolve).resume())
      .on('error', reject);
  });
}
