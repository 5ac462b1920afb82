import assert from 'node:assert/strict';
import { AgentFixture } from './agentFixture';

describe('agent: containers and logs', () => {
  let fixture: AgentFixture;
  beforeEach(async () => (fixture = await AgentFixture.make()));
  afterEach(() => fixture.dispose());

  it('shows containers, tails a log and stops a container', async () => {
    const { engine } = fixture;
    const web = engine.run({ name: 'web' });
    engine.writeLog(web, 'stdout', 'one\ntwo\n');
    const client = await fixture.open();
    const { role, capabilities } = client.established.data;
    assert.equal(role, 'admin');
    assert.deepEqual(capabilities, {
      lifecycle: true,
      manage: true,
      exec: true,
      metrics: true,
      deployments: false,
      deploy: false,
    });
    const id = client.idOf('web');
    const stream = await client.startLog(id);
    await client.until('two lines', () => client.lines(stream).length === 2);
    engine.writeLog(web, 'stderr', 'three\n');
    await client.until('three lines', () => client.lines(stream).length === 3);
    assert.deepEqual(client.lines(stream), ['one', 'two', 'three']);
    const { status } = await client.perform({ kind: 'stop', id });
    assert.equal(status, 'done');
    await client.until('it is seen to have stopped', () => client.containers.get(id)?.['state'] === 'exited');
    await client.until('the log tells of the stop', () =>
      client.updates(stream).some(({ notes }) => notes.some(({ marker }) => marker?.kind === 'stopped')),
    );
  });

  it('tells of containers that come and go, each change with the next number', async () => {
    const { engine } = fixture;
    const client = await fixture.open();
    assert.equal(client.containers.size, 0);
    const first = client.containerSequence ?? 0;
    engine.run({ name: 'one' });
    await client.until('one is there', () => client.containers.size === 1);
    engine.remove('one', { force: true });
    await client.until('none is there', () => client.containers.size === 0);
    const changes = client.messages.filter(({ action }) => action === 'container_state_change');
    const numbers = changes.map(({ data }) => data['sequence']);
    assert.deepEqual(
      numbers,
      numbers.map((_number, index) => first + index + 1),
    );
  });

  it('sends many containers in parts', async () => {
    fixture.engine.bulkStopped(1_001);
    const client = await fixture.open();
    const parts = client.messages.filter(({ action }) => action === 'initial_state');
    assert.deepEqual(
      parts.map(({ data }) => [data['part'], data['last'], (data['containers'] as unknown[]).length]),
      [
        [0, false, 250],
        [1, false, 250],
        [2, false, 250],
        [3, false, 250],
        [4, true, 1],
      ],
    );
    assert.equal(client.containers.size, 1_001);
    await client.command('container', 'request_state', {});
    await client.until('a second snapshot', () => {
      const again = client.messages.filter(({ action }) => action === 'initial_state');
      return again.length === 10 && again.at(-1)?.data['last'] === true;
    });
  });

  it('answers inspect with what the engine says, and knows no container by its name or the beginning of its id', async () => {
    fixture.engine.run({ name: 'web' });
    const client = await fixture.open();
    const id = client.idOf('web');
    const inspect = (container_id: string) => client.command('container', 'inspect', { container_id });
    const { status, data } = await inspect(id);
    assert.equal(status, 'done');
    assert.equal((data['container'] as { Id: string }).Id, id);
    for (const wrong of ['web', id.slice(0, 12), 'f'.repeat(64), '../images', '']) {
      const { error } = await inspect(wrong);
      assert.ok(['noSuchContainer', 'badRequest'].includes(error?.code ?? ''), `${wrong}: ${error?.code}`);
    }
  });

  it('reads a log to its end, filtered, and says that it ended', async () => {
    const { engine } = fixture;
    engine.run({ name: 'web' });
    engine.writeLog('web', 'stdout', 'ERROR one\nINFO two\nERROR three\n');
    const client = await fixture.open();
    const filter = {
      include: [{ kind: 'text', text: 'ERROR', matchCase: true }],
      exclude: [],
      contextLines: 0,
    };
    const stream = await client.startLog(client.idOf('web'), { follow: false, filter });
    await client.until('the end', () => client.framesOf(stream).some(({ type }) => type === 2));
    assert.deepEqual(client.lines(stream), ['ERROR one', 'ERROR three']);
    const end = JSON.parse(client.framesOf(stream).at(-1)?.body.toString() ?? '') as { error?: unknown };
    assert.equal(end.error, undefined);
  });

  it('refuses a filter that makes no sense, and goes on', async () => {
    fixture.engine.run({ name: 'web' });
    const client = await fixture.open();
    const filter = { include: [{ kind: 'regex', source: '(', flags: '' }], exclude: [], contextLines: 0 };
    await assert.rejects(client.startLog(client.idOf('web'), { filter }), /badRequest/);
    assert.equal((await client.command('system', 'ping', {})).status, 'done');
  });

  it('compresses frames for a client that asks for it', async () => {
    const { engine } = fixture;
    engine.run({ name: 'web' });
    engine.writeLines('web', 2_000);
    const client = await fixture.open();
    const stream = await client.startLog(client.idOf('web'), { compression: 'deflate-raw' });
    await client.until('all lines', () => client.lines(stream).length === 2_000);
    assert.ok(client.framesOf(stream).some(({ isCompressed }) => isCompressed));
  });

  it('stops a stream: no frame follows', async () => {
    const { engine } = fixture;
    engine.run({ name: 'web' });
    const client = await fixture.open();
    const stream = await client.startLog(client.idOf('web'));
    engine.writeLog('web', 'stdout', 'one\n');
    await client.until('a line', () => client.lines(stream).length === 1);
    assert.equal((await client.command('log', 'stop_log_stream', { stream })).status, 'done');
    await engine.whenOpenStreams('logs', 0);
    engine.writeLog('web', 'stdout', 'two\n');
    assert.equal((await client.command('system', 'ping', {})).status, 'done');
    assert.deepEqual(client.lines(stream), ['one']);
    const again = await client.command('log', 'stop_log_stream', { stream });
    assert.equal(again.error?.code, 'noSuchStream');
  });

  it('begins a stream once per number, and answers a repeated command again', async () => {
    fixture.engine.run({ name: 'web' });
    const client = await fixture.open();
    const stream = client.newStream();
    const container_id = client.idOf('web');
    const data = { stream, container_id, tail: 'all', follow: true, credit: 2_097_152 };
    assert.equal((await client.command('log', 'start_log_stream', data, 'first')).status, 'done');
    client.messages.length = 0;
    assert.equal((await client.command('log', 'start_log_stream', data, 'first')).status, 'done');
    assert.equal((await client.command('log', 'start_log_stream', data)).error?.code, 'streamInUse');
    await fixture.engine.whenOpenStreams('logs', 1);
  });

  it('sends no more than the credit, and goes on in order when there is more', async () => {
    const { engine } = fixture;
    engine.run({ name: 'web' });
    engine.writeLines('web', 100_000);
    const client = await fixture.open();
    const stream = await client.startLog(client.idOf('web'));
    client.stall(stream);
    const cost = () => client.framesOf(stream).reduce((sum, frame) => sum + frame.cost, 0);
    await client.until('the credit is used up', () => cost() >= 2_097_152);
    // Another stream is not held up by it.
    engine.run({ name: 'other' });
    await client.until('it is known', () => client.containers.size === 2);
    const other = await client.startLog(client.idOf('other'));
    engine.writeLog('other', 'stdout', 'quick\n');
    await client.until('the other line', () => client.lines(other).length === 1);
    assert.ok(client.lines(stream).length < 100_000);
    client.unstall(stream);
    await client.until(
      'all lines',
      () => client.frames.length > 10 && client.lines(stream).length >= 100_000,
    );
    const numbers = client.lines(stream).map((line) => Number(line.slice(0, 10)));
    assert.ok(numbers.every((number, index) => number === index));
  });

  it('has one engine stream for all who read a log', async () => {
    const { engine } = fixture;
    engine.run({ name: 'web' });
    const [one, two] = [await fixture.open(), await fixture.open()];
    const streams = [await one.startLog(one.idOf('web')), await two.startLog(two.idOf('web'))] as const;
    engine.writeLog('web', 'stdout', 'line\n');
    await one.until('a line', () => one.lines(streams[0]).length === 1);
    await two.until('a line', () => two.lines(streams[1]).length === 1);
    assert.equal(engine.openStreams('logs'), 1);
  });

  it('asks the engine nothing before somebody is there', async () => {
    const idle = await fixture.connect().event('challenge');
    assert.equal(idle.action, 'challenge');
    assert.equal(fixture.engine.requests.length, 0);
  });

  it('tells when its engine goes away and comes back', async () => {
    const { engine } = fixture;
    const client = await fixture.open();
    const kinds = (): unknown[] =>
      client.messages
        .filter(({ action }) => action === 'engine_state')
        .map(({ data }) => (data['engine'] as { kind: string }).kind);
    engine.stopListening();
    await client.until('it is away', () => kinds().includes('away'));
    const refused = await client.command('container', 'inspect', { container_id: 'f'.repeat(64) });
    assert.equal(refused.status, 'failed');
    await engine.listenAgain();
    await client.until('it is back', () => kinds().at(-1) === 'ready');
  });
});
