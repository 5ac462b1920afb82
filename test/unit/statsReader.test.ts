import assert from 'node:assert/strict';
import { PassThrough, type Readable } from 'node:stream';
import { deferred, type Deferred } from '../../src/base/async';
import { Emitter } from '../../src/base/emitter';
import type { Disposable } from '../../src/base/lifecycle';
import type { Container, ContainerId } from '../../src/model/container';
import type { MetricUpdate } from '../../src/model/metrics';
import { dockerMemoryBytes } from '../../src/model/metricsFormulas';
import { SharedStats } from '../../src/engine/docker/statsShared';
import type { StatsSession, StatsSessionSource } from '../../src/engine/docker/statsSession';
import { SILENCE_MS } from '../../src/engine/docker/statsStream';
import { EngineError, type ContainersChange } from '../../src/engine/engine';
import { FakeClock } from '../doubles/fakeClock';
import { checkForLeaks } from '../support/leaks';
import { readingOf, STATS_FIXTURES } from '../support/statsFixtures';

const EMPTY = payload('docker-20.10-cgroup-v1.json', 6);

function payload(fixture: string, index: number): unknown {
  return STATS_FIXTURES.find(([name]) => name === fixture)?.[1].samples[index]?.payload;
}

/** A connection whose answers a test gives by hand. */
class HandSession implements StatsSession {
  readonly info = { operatingSystem: 'linux' };
  readonly containers = new Map<ContainerId, Container>();
  private readonly didChange = new Emitter<ContainersChange>();
  readonly onDidChangeContainers = this.didChange.event;
  readonly opened: {
    readonly id: ContainerId;
    readonly stream: PassThrough;
    readonly signal: AbortSignal;
  }[] = [];
  /** What opening a stream comes to; at once a stream, unless set. */
  refusal: Error | undefined;
  held: Deferred<undefined> | undefined;
  requests = 0;

  readonly openStats = async (id: ContainerId, signal: AbortSignal): Promise<Readable> => {
    this.requests++;
    await this.held?.promise;
    if (this.refusal) throw this.refusal;
    const stream = new PassThrough();
    this.opened.push({ id, stream, signal });
    return stream;
  };

  get hasListeners(): boolean {
    return this.didChange.hasListeners;
  }

  get open(): number {
    return this.opened.filter(({ stream }) => !stream.destroyed).length;
  }

  set(id: ContainerId, state: string): void {
    const container = { id, state } as Container;
    this.containers.set(id, container);
    this.didChange.fire({ kind: 'updated', containers: [container], removed: [] });
  }

  remove(id: ContainerId): void {
    this.containers.delete(id);
    this.didChange.fire({ kind: 'updated', containers: [], removed: [id] });
  }

  /** The newest stream sends. */
  send(...values: readonly unknown[]): void {
    for (const value of values)
      this.latest.write(`${typeof value === 'string' ? value : JSON.stringify(value)}\n`);
  }

  get latest(): PassThrough {
    const stream = this.opened.at(-1)?.stream;
    assert.ok(stream);
    return stream;
  }
}

class HandSource implements StatsSessionSource {
  session: HandSession | undefined;
  private readonly didChange = new Emitter<unknown>();
  readonly onDidChangeSession = this.didChange.event;

  change(session: HandSession | undefined): void {
    this.session = session;
    this.didChange.fire(session);
  }
}

/** Lets everything run that waits for no timer. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function told(updates: readonly MetricUpdate[]): readonly string[] {
  return updates.map((update) => (update.kind === 'sample' ? 'sample' : update.gap.reason));
}

describe('a reader of statistics', () => {
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('of an engine', () => readerSuite());
});

function readerSuite(): void {
  let clock: FakeClock;
  let source: HandSource;
  let session: HandSession;
  let stats: SharedStats;
  let watchers: Disposable[];

  beforeEach(() => {
    clock = new FakeClock(1_000_000);
    watchers = [];
    source = new HandSource();
    session = new HandSession();
    session.set('web', 'running');
    source.session = session;
    stats = new SharedStats(source, clock);
  });
  afterEach(async () => {
    stats.dispose();
    for (const watcher of watchers) watcher.dispose();
    await settle();
    assert.equal(session.open, 0);
    assert.equal(clock.pendingTimers, 0);
  });

  function watch(id = 'web'): { readonly updates: MetricUpdate[]; stop(): void } {
    const updates: MetricUpdate[] = [];
    const watching = stats.watch(id, (update) => updates.push(update));
    watchers.push(watching);
    return { updates, stop: () => watching.dispose() };
  }

  const recorded = (index: number): unknown => payload('docker-20.10-cgroup-v1.json', index);

  it('hands on samples as they come, however the bytes are cut', async () => {
    const { updates } = watch();
    await settle();
    const text = `${JSON.stringify(recorded(0))}\n${JSON.stringify(recorded(1))}\n`;
    for (let start = 0; start < text.length; start += 100)
      session.latest.write(text.slice(start, start + 100));
    await settle();
    assert.deepEqual(told(updates), ['sample', 'sample']);
    const [, second] = updates;
    assert.ok(second?.kind === 'sample');
    assert.equal(second.sample.cpuPercent?.toFixed(2), '27.42');
    assert.equal(second.sample.memoryBytes, dockerMemoryBytes(readingOf('docker-20.10-cgroup-v1.json', 1)));
  });

  it('asks nothing before somebody watches, and opens one stream for all who do', async () => {
    await settle();
    assert.equal(session.requests, 0);
    const [first, second] = [watch(), watch()];
    await settle();
    session.send(recorded(0));
    await settle();
    const late = watch();
    assert.deepEqual(told(late.updates), ['sample']);
    assert.deepEqual([told(first.updates), told(second.updates)], [['sample'], ['sample']]);
    assert.equal(session.requests, 1);
    first.stop();
    late.stop();
    await settle();
    assert.equal(session.open, 1);
    session.send(recorded(1));
    await settle();
    assert.equal(second.updates.length, 2);
    assert.equal(first.updates.length, 1);
    second.stop();
    assert.equal(session.open, 0);
    assert.equal(session.hasListeners, false);
  });

  it('gives up a request that nobody waits for any more', async () => {
    session.held = deferred<undefined>();
    const watching = watch();
    await settle();
    watching.stop();
    session.held.resolve(undefined);
    await settle();
    assert.equal(session.opened[0]?.signal.aborted, true);
    assert.equal(session.open, 0);
    assert.deepEqual(watching.updates, []);
  });

  it('asks nothing while the container does not run, and begins when it starts', async () => {
    session.set('web', 'exited');
    const { updates } = watch();
    await settle();
    assert.deepEqual(told(updates), ['notRunning']);
    assert.equal(session.requests, 0);
    session.set('web', 'running');
    await settle();
    session.send(recorded(0));
    await settle();
    assert.deepEqual(told(updates), ['notRunning', 'sample']);
  });

  it('closes the stream when the container stops, and compares nothing across a stop', async () => {
    const { updates } = watch();
    await settle();
    session.send(recorded(0), recorded(1), EMPTY, EMPTY);
    await settle();
    assert.deepEqual(told(updates), ['sample', 'sample', 'notRunning']);
    session.set('web', 'exited');
    await settle();
    assert.equal(session.open, 0);
    assert.equal(clock.pendingTimers, 0);
    session.set('web', 'running');
    await settle();
    session.send(recorded(2));
    await settle();
    assert.deepEqual(told(updates), ['sample', 'sample', 'notRunning', 'sample']);
    const last = updates.at(-1);
    assert.ok(last?.kind === 'sample');
    assert.equal(last.sample.networkReceivedBytesPerSecond, undefined);
    assert.equal(session.requests, 2);
  });

  it('goes on while the container is paused', async () => {
    const { updates } = watch();
    await settle();
    session.set('web', 'paused');
    session.send(recorded(5));
    await settle();
    assert.deepEqual(told(updates), ['sample']);
    assert.equal(session.requests, 1);
  });

  it('goes on in the same stream when the container runs again before its list tells', async () => {
    const { updates } = watch();
    await settle();
    session.send(recorded(0), EMPTY, recorded(1));
    await settle();
    assert.deepEqual(told(updates), ['sample', 'notRunning', 'sample']);
    assert.equal(session.requests, 1);
  });

  it('ends with the container, and says so to those who come later', async () => {
    const { updates } = watch();
    await settle();
    session.send(recorded(0));
    await settle();
    session.latest.end();
    await settle();
    assert.deepEqual(told(updates), ['sample']);
    session.remove('web');
    await settle();
    assert.deepEqual(told(updates), ['sample', 'removed']);
    assert.deepEqual(told(watch().updates), ['removed']);
    assert.equal(clock.pendingTimers, 0);
    assert.equal(session.requests, 1);
  });

  it('waits for a host that is away, and reads on when it is back', async () => {
    const { updates } = watch();
    await settle();
    session.send(recorded(0));
    await settle();
    source.change(undefined);
    await settle();
    assert.equal(session.open, 0);
    assert.equal(session.hasListeners, false);
    const back = new HandSession();
    back.set('web', 'running');
    source.change(back);
    await settle();
    back.send(recorded(1));
    await settle();
    assert.deepEqual(told(updates), ['sample', 'disconnected', 'sample']);
    assert.equal(back.requests, 1);
  });

  it('asks again after trouble, ever more rarely, and says once why there is nothing', async () => {
    session.refusal = new EngineError('engineFailure', 'cgroup is gone');
    const { updates } = watch();
    await settle();
    assert.deepEqual(told(updates), ['interrupted']);
    const [update] = updates;
    assert.ok(update?.kind === 'gap');
    assert.equal(update.gap.error, session.refusal);
    for (let second = 0; second < 300; second++) {
      clock.advance(1_000);
      await settle();
    }
    assert.ok(session.requests > 10 && session.requests < 30, `${session.requests} requests`);
    assert.equal(updates.length, 1);
    session.refusal = undefined;
    clock.advance(30_000);
    await settle();
    session.send(recorded(0));
    await settle();
    assert.deepEqual(told(updates), ['interrupted', 'sample']);
  });

  it('does not ask again what an engine can never do, until something changes', async () => {
    session.refusal = new EngineError('notSupported', 'no statistics without cgroups v2');
    const { updates } = watch();
    await settle();
    clock.advance(3_600_000);
    await settle();
    assert.equal(session.requests, 1);
    assert.equal(clock.pendingTimers, 0);
    session.set('web', 'running');
    await settle();
    assert.equal(session.requests, 2);
    assert.deepEqual(told(updates), ['interrupted']);
  });

  it('opens the stream anew when it breaks, is silent, or holds no JSON', async () => {
    const { updates } = watch();
    const breaks: readonly (() => void)[] = [
      () => session.latest.destroy(new Error('reset')),
      () => clock.advance(SILENCE_MS),
      () => session.send('{"read":'),
      () => session.send('[1]'),
      () => session.latest.write('x'.repeat(2_000_000)),
    ];
    for (const [index, breakIt] of breaks.entries()) {
      await settle();
      session.send(recorded(index % 3));
      await settle();
      breakIt();
      await settle();
      assert.equal(session.open, 0);
      assert.deepEqual(told(updates).slice(-2), ['sample', 'interrupted']);
      clock.advance(1_000);
      await settle();
      assert.equal(session.requests, index + 2);
    }
    const codes = updates.flatMap((update) =>
      update.kind === 'gap' && update.gap.error instanceof EngineError ? [update.gap.error.code] : [],
    );
    assert.deepEqual(codes, ['connectionLost', 'timeout', 'badResponse', 'badResponse', 'badResponse']);
  });

  it('is not silent as long as anything comes', async () => {
    const { updates } = watch();
    await settle();
    for (let sample = 0; sample < 5; sample++) {
      clock.advance(SILENCE_MS - 1);
      session.send(recorded(0));
      await settle();
    }
    assert.equal(updates.length, 5);
    assert.equal(session.requests, 1);
  });

  it('keeps containers apart', async () => {
    session.set('db', 'running');
    const [web, db] = [watch('web'), watch('db')];
    await settle();
    assert.deepEqual(session.opened.map(({ id }) => id).sort(), ['db', 'web']);
    session.set('db', 'exited');
    await settle();
    assert.deepEqual([told(web.updates), told(db.updates)], [[], ['notRunning']]);
    assert.equal(session.open, 1);
  });
}
