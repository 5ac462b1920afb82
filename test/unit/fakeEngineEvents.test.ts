import assert from 'node:assert/strict';
import { FakeEngine, type PersonalityName } from '../doubles/fakeEngine/fakeEngine';
import { RawClient, type OpenStream } from '../doubles/fakeEngine/rawClient';

interface EventLine {
  readonly status?: string;
  readonly id?: string;
  readonly from?: string;
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: string;
  readonly time: number;
  readonly timeNano: number;
  readonly HealthStatus?: string;
}

function parse(stream: OpenStream): EventLine[] {
  return stream.lines().map((line) => JSON.parse(line) as EventLine);
}

function actions(events: readonly EventLine[]): string[] {
  return events.map(({ Type, Action }) => (Type === 'container' ? Action : `${Type} ${Action}`));
}

describe('FakeEngine: events', () => {
  let engine: FakeEngine;
  let client: RawClient;

  async function open(personality: PersonalityName): Promise<void> {
    engine = await new FakeEngine({ personality }).listen();
    client = new RawClient(engine.socketPath);
  }

  /** What a subscriber sees while `act` runs; a last event of its own tells that all of it has arrived. */
  async function watch(act: () => void, query = '', prefix = ''): Promise<EventLine[]> {
    const stream = await client.follow(`${prefix}/events?${query}`);
    await engine.whenOpenStreams('events', 1);
    act();
    engine.emitEvent('daemon', 'reload', 'marker');
    const isMarker = ({ Type }: EventLine): boolean => Type === 'daemon';
    await stream.until(() => parse(stream).some(isMarker));
    stream.close();
    await engine.whenOpenStreams('events', 0);
    assert.equal(engine.core.events.listenerCount, 0);
    return parse(stream).filter((event) => !isMarker(event));
  }

  async function replay(query: string): Promise<EventLine[]> {
    const stream = await client.follow(`/events?${query}`);
    await stream.ended;
    return parse(stream);
  }

  /** The engine's own time, so that `until` is past for it and after all that happened. */
  function now(): string {
    return seconds(engine.core.clock.nowNs());
  }

  function seconds(timeNs: bigint): string {
    const digits = timeNs.toString().padStart(10, '0');
    return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
  }

  function filters(value: object): string {
    return `filters=${encodeURIComponent(JSON.stringify(value))}`;
  }

  afterEach(() => engine.dispose());

  it('come in the sequences of 20.10 for every action', async () => {
    await open('20.10');
    const sequences: [string, () => void, string[]][] = [
      ['create', () => engine.create({ name: 'web' }), ['create']],
      ['start', () => engine.start('web'), ['network connect', 'start']],
      ['pause', () => engine.pause('web'), ['pause']],
      ['unpause', () => engine.unpause('web'), ['unpause']],
      [
        'restart',
        () => engine.restart('web'),
        ['kill', 'die', 'network disconnect', 'stop', 'network connect', 'start', 'restart'],
      ],
      ['stop', () => engine.stop('web'), ['kill', 'die', 'network disconnect', 'stop']],
      ['restart of a stopped one', () => engine.restart('web'), ['network connect', 'start', 'restart']],
      ['rename', () => engine.rename('web', 'site'), ['rename']],
      [
        'out of memory',
        () => engine.die('site', 137, { outOfMemory: true }),
        ['oom', 'die', 'network disconnect'],
      ],
      ['remove', () => engine.remove('site'), ['destroy']],
    ];
    for (const [what, act, expected] of sequences)
      assert.deepEqual(actions(await watch(act)), expected, what);
  });

  it('come for the harder cases as a real 20.10 sends them', async () => {
    await open('20.10');
    engine.run({ name: 'web' });
    engine.pause('web');
    const stopped = await watch(() => engine.stop('web'));
    assert.deepEqual(actions(stopped), ['kill', 'unpause', 'die', 'network disconnect', 'stop']);
    engine.start('web');
    engine.pause('web');
    const removed = await watch(() => engine.remove('web', { force: true }));
    assert.deepEqual(actions(removed), ['kill', 'die', 'network disconnect', 'destroy']);
  });

  it('carry the attributes that tell what happened', async () => {
    await open('25');
    const events = await watch(() => {
      engine.run({ name: 'web', image: 'nginx:1', labels: { tier: 'front' }, health: 'healthy' });
      engine.rename('web', 'site');
      engine.kill('site', 'SIGKILL');
    });
    const byAction = new Map(events.map((event) => [event.Action, event.Actor.Attributes]));
    assert.deepEqual(byAction.get('create'), { tier: 'front', image: 'nginx:1', name: 'web' });
    assert.equal(byAction.get('rename')?.['oldName'], '/web');
    assert.equal(byAction.get('rename')?.['name'], 'site');
    assert.equal(byAction.get('kill')?.['signal'], '9');
    assert.deepEqual(byAction.get('die'), {
      tier: 'front',
      image: 'nginx:1',
      name: 'site',
      exitCode: '137',
      execDuration: '0',
    });
    assert.ok(byAction.has('health_status: healthy'));
  });

  it('repeat themselves as status, id and from before API 1.52 only', async () => {
    await open('29');
    const [modern] = await watch(() => engine.create({ name: 'one' }));
    const [legacy] = await watch(() => engine.create({ name: 'two' }), '', '/v1.51');
    assert.deepEqual([modern?.status, modern?.id, modern?.from], [undefined, undefined, undefined]);
    assert.deepEqual(
      [legacy?.status, legacy?.id, legacy?.from],
      ['create', legacy?.Actor.ID, 'busybox:latest'],
    );
    assert.deepEqual([modern?.Type, modern?.Action, modern?.scope], ['container', 'create', 'local']);
    assert.equal(Math.floor((modern?.timeNano ?? 0) / 1e9), modern?.time);
  });

  it('are replayed since a time, inclusively, and end at an until that is past', async () => {
    await open('25');
    for (const name of ['first', 'second', 'third']) engine.create({ name });
    const [, second] = await replay(`since=1&until=${now()}`);
    assert.equal(second?.Actor.Attributes['name'], 'second');
    const exact = engine.core.events.replay({ sinceNs: 0n, untilNs: undefined, filters: new Map() })[1]
      ?.timeNs;
    const since = seconds(exact ?? 0n);
    const again = await replay(`since=${since}&until=${now()}`);
    assert.deepEqual(
      again.map(({ Actor }) => Actor.Attributes['name']),
      ['second', 'third'],
    );
  });

  it('are remembered up to 256', async () => {
    await open('20.10');
    for (let index = 0; index < 300; index++) engine.create({ name: `many-${index}` });
    const events = await replay(`since=1&until=${now()}`);
    assert.equal(events.length, 256);
    assert.equal(events[0]?.Actor.Attributes['name'], 'many-44');
    assert.equal(events.at(-1)?.Actor.Attributes['name'], 'many-299');
  });

  it('are filtered by type, event, container, label and health status', async () => {
    await open('20.10');
    engine.create({ name: 'web', labels: { tier: 'front' } });
    engine.create({ name: 'db' });
    const act = (): void => {
      engine.start('web');
      engine.health('web', 'unhealthy');
      engine.start('db');
    };
    const stop = (): void => ['web', 'db'].forEach((name) => engine.stop(name));
    const seen = async (filter: object): Promise<string[]> => {
      const events = await watch(act, filters({ ...filter, type: ['container', 'daemon'] })).finally(stop);
      return actions(events);
    };
    assert.deepEqual(await seen({}), ['start', 'health_status: unhealthy', 'start']);
    const marker = { event: ['reload'] };
    assert.deepEqual(await seen({ event: ['start', ...marker.event] }), ['start', 'start']);
    assert.deepEqual(await seen({ event: { health_status: true, reload: true } }), [
      'health_status: unhealthy',
    ]);
    assert.deepEqual(await seen({ container: ['db', 'marker'] }), ['start']);
  });

  it('are forgotten when the engine restarts, and everyone who listened is cut off', async () => {
    await open('29');
    engine.create({ name: 'web' });
    const stream = await client.follow('/events');
    await engine.whenOpenStreams('events', 1);
    await engine.restartEngine();
    await stream.ended;
    assert.equal(stream.wasCut, true);
    assert.deepEqual(await replay(`since=1&until=${now()}`), []);
    assert.equal((await client.get('/containers/web/json')).status, 200);
  });

  it('refuse a since after until', async () => {
    await open('20.10');
    const answer = await client.get('/events?since=20&until=10');
    assert.equal(answer.status, 400);
    assert.match(answer.text, /`since` time \(20\) cannot be after `until` time \(10\)/);
  });

  it('can be broken lines', async () => {
    await open('29');
    const stream = await client.follow('/events');
    await engine.whenOpenStreams('events', 1);
    engine.malformedEventLine();
    engine.create({ name: 'web' });
    await stream.until(() => stream.lines().length === 2);
    const [broken = '', good = ''] = stream.lines();
    assert.throws(() => JSON.parse(broken) as unknown, SyntaxError);
    assert.equal((JSON.parse(good) as EventLine).Action, 'create');
  });

  it('rain at the rate that was asked for', async () => {
    await open('29');
    engine.bulkRunning(5);
    const stream = await client.follow('/events');
    await engine.whenOpenStreams('events', 1);
    const rain = engine.emitEvents(2000);
    await stream.until(() => stream.lines().length >= 200);
    rain.stop();
    assert.ok(rain.emitted >= 200);
    assert.deepEqual(
      new Set(actions(parse(stream)).map((action) => action.split(':')[0])),
      new Set(['exec_create', 'exec_start', 'exec_die']),
    );
  });

  it('of Podman have its own names and a field for health', async () => {
    await open('podman');
    const events = await watch(() => {
      engine.run({ name: 'web', health: 'healthy' });
      engine.stop('web');
      engine.remove('web');
    });
    assert.deepEqual(actions(events), [
      'create',
      'init',
      'start',
      'health_status',
      'kill',
      'die',
      'cleanup',
      'stop',
      'remove',
    ]);
    assert.equal(events[3]?.HealthStatus, 'healthy');
    assert.equal(events[5]?.Actor.Attributes['containerExitCode'], '143');
  });
});
