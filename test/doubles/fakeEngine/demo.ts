import type { ContainerOptions, FakeContainer } from './container';
import type { FakeEngine } from './fakeEngine';
import { NANOSECONDS_PER_MILLISECOND, NANOSECONDS_PER_SECOND } from './time';

const PROJECT = 'shop';
/** Keeps a demo that runs for days small: about 1.5 MB of log for each container. */
const DEMO_LOG_LIMITS = { maxBytes: 512 * 1024, maxFiles: 3 };
const HISTORY_LINES = 200;
const DEMO_AGE_NS = 3n * 3600n * NANOSECONDS_PER_SECOND;

type Writer = (lineNumber: number) => { stream: 'stdout' | 'stderr'; line: string };

/** Someone who prints lines for as long as the container runs. */
interface Speaker {
  readonly container: FakeContainer;
  readonly intervalMs: number;
  readonly write: Writer;
}

export interface Demo {
  stop(): void;
}

/** Fills the engine with containers to look at, and keeps them talking until it is stopped. */
export function startDemo(engine: FakeEngine): Demo {
  const createdNs = engine.core.clock.nowNs() - DEMO_AGE_NS;
  const speakers = [...createShop(engine, createdNs), ...createSingles(engine, createdNs)];
  for (const speaker of speakers) {
    writeHistory(engine, speaker);
  }
  const timers = speakers.map((speaker) => startSpeaking(engine, speaker));
  timers.push(startTroubles(engine));
  return { stop: () => timers.forEach(clearInterval) };
}

/** As if the container had run for a while: its lines end now and are as far apart as the ones to come. */
function writeHistory(engine: FakeEngine, { container, intervalMs, write }: Speaker): void {
  const stepNs = BigInt(intervalMs) * NANOSECONDS_PER_MILLISECOND;
  const startedNs = engine.core.clock.nowNs() - stepNs * BigInt(HISTORY_LINES + 1);
  container.startedNs = startedNs;
  for (let index = 0; index < HISTORY_LINES; index++) {
    const { stream, line } = write(index);
    engine.writeLog(container, stream, `${line}\n`, { timestampNs: startedNs + stepNs * BigInt(index + 1) });
  }
}

function createShop(engine: FakeEngine, createdNs: bigint): Speaker[] {
  const service = (name: string, options: ContainerOptions): FakeContainer =>
    engine.run({
      name: `${PROJECT}-${name}-1`,
      logLimits: DEMO_LOG_LIMITS,
      createdNs,
      ...options,
      labels: {
        'com.docker.compose.project': PROJECT,
        'com.docker.compose.service': name,
        'com.docker.compose.container-number': '1',
        'com.docker.compose.project.working_dir': '/srv/shop',
      },
    });
  const database = service('db', { image: 'postgres:16', command: ['postgres'], health: 'healthy' });
  const api = service('api', {
    image: 'shop/api:2.3.1',
    command: ['node', 'server.js'],
    health: 'unhealthy',
  });
  const web = service('web', {
    image: 'nginx:1.25',
    command: ['nginx', '-g', 'daemon off;'],
    health: 'healthy',
  });
  const worker = service('worker', {
    image: 'shop/worker:2.3.1',
    command: ['node', 'worker.js'],
    restartPolicy: 'always',
  });
  return [
    { container: database, intervalMs: 4000, write: databaseLine },
    { container: api, intervalMs: 700, write: apiLine },
    { container: web, intervalMs: 400, write: webLine },
    { container: worker, intervalMs: 1500, write: workerLine },
  ];
}

function createSingles(engine: FakeEngine, createdNs: bigint): Speaker[] {
  const make = (name: string, image: string, options: ContainerOptions = {}): FakeContainer =>
    engine.create({ name, image, createdNs, logLimits: DEMO_LOG_LIMITS, ...options });
  const run = (name: string, image: string, options: ContainerOptions = {}): FakeContainer => {
    const container = make(name, image, options);
    engine.start(container);
    return container;
  };
  const cache = run('cache', 'redis:7', { command: ['redis-server'] });
  const migration = run('shop-migration', 'shop/api:2.3.1', { command: ['node', 'migrate.js'] });
  engine.writeLog(
    migration,
    'stdout',
    'Applying 3 migrations\n0041_orders done\n0042_stock done\n0043_labels done\n',
  );
  engine.die(migration, 0);
  const report = run('night-report', 'python:3.12', { command: ['python', 'report.py'] });
  engine.writeLog(report, 'stderr', 'Loading 48 GB of orders\nMemoryError\n');
  engine.die(report, 137, { outOfMemory: true });
  engine.pause(run('frozen', 'busybox:latest', { command: ['sleep', '86400'] }));
  make('never-started', 'busybox:latest', { command: ['true'] });
  const console = run('console', 'busybox:latest', { tty: true });
  return [
    { container: cache, intervalMs: 2500, write: cacheLine },
    { container: console, intervalMs: 3000, write: consoleLine },
  ];
}

function startSpeaking(engine: FakeEngine, speaker: Speaker): NodeJS.Timeout {
  let lineNumber = HISTORY_LINES;
  return setInterval(() => {
    if (speaker.container.state === 'running') speak(engine, speaker, lineNumber++);
  }, speaker.intervalMs);
}

function speak(engine: FakeEngine, { container, write }: Speaker, lineNumber: number): void {
  const { stream, line } = write(lineNumber);
  engine.writeLog(container, stream, `${line}\n`);
}

/** The worker crashes and comes back, the api cannot decide whether it is well. */
function startTroubles(engine: FakeEngine): NodeJS.Timeout {
  let count = 0;
  return setInterval(() => {
    count++;
    const worker = findContainer(engine, `${PROJECT}-worker-1`);
    const api = findContainer(engine, `${PROJECT}-api-1`);
    if (api?.state === 'running') engine.health(api, count % 2 === 0 ? 'unhealthy' : 'healthy');
    if (worker?.state === 'running' && count % 3 === 0) {
      engine.writeLog(
        worker,
        'stderr',
        'Error: connection to queue lost\n    at Queue.next (worker.js:41:13)\n',
      );
      engine.die(worker, 1);
      worker.restartCount++;
      engine.start(worker);
    }
  }, 20_000);
}

/** A person may have removed or renamed what the demo made. */
function findContainer(engine: FakeEngine, name: string): FakeContainer | undefined {
  return engine.containers.find((container) => container.name === name);
}

const PATHS = ['/', '/cart', '/orders/1041', '/static/app.css', '/search?q=anchor'];

function webLine(index: number): ReturnType<Writer> {
  const status = index % 29 === 0 ? 502 : 200;
  const path = PATHS[index % PATHS.length] ?? '/';
  return {
    stream: 'stdout',
    line: `10.0.${index % 7}.${index % 251} - - "GET ${path} HTTP/1.1" ${status} ${(index * 37) % 9000}`,
  };
}

function apiLine(index: number): ReturnType<Writer> {
  if (index % 31 === 0)
    return { stream: 'stderr', line: `ERROR order ${1000 + index} failed: payment timed out after 3000 ms` };
  if (index % 11 === 0) return { stream: 'stdout', line: `WARN slow query took ${120 + (index % 300)} ms` };
  return { stream: 'stdout', line: `INFO request ${index} done in ${5 + ((index * 13) % 90)} ms` };
}

function workerLine(index: number): ReturnType<Writer> {
  return {
    stream: 'stdout',
    line: JSON.stringify({ level: 'info', job: index, queue: 'mail', message: 'job finished' }),
  };
}

function databaseLine(index: number): ReturnType<Writer> {
  return { stream: 'stderr', line: `LOG:  checkpoint complete: wrote ${(index * 7) % 400} buffers` };
}

function cacheLine(index: number): ReturnType<Writer> {
  return { stream: 'stdout', line: `1:M * ${index % 100} changes in 60 seconds. Saving...` };
}

function consoleLine(index: number): ReturnType<Writer> {
  return { stream: 'stdout', line: `\u001b[32m✔\u001b[0m step ${index} \u001b[1mdone\u001b[0m\r` };
}
