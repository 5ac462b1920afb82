import assert from 'node:assert/strict';
import type { ContainerCommand } from '../../src/engine/engine';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { ID, RemoteFixture } from '../support/remoteFixture';
import type { ScriptedConnection } from '../support/scriptedAgent';

const STOP: ContainerCommand = { kind: 'stop', id: ID };
const RESPONSE_DEADLINE_MS = 30_000;
const FINAL_DEADLINE_MS = 120_000;

describe('commands to an agent', function () {
  this.timeout(20_000);
  checkForLeaks();
  describe('that change something', () => changing());
  describe('that ask', () => asking());
});

function changing(): void {
  let fixture: RemoteFixture;
  let connection: ScriptedConnection;
  beforeEach(async () => {
    fixture = await RemoteFixture.start();
    connection = await fixture.connected();
  });
  afterEach(() => fixture.dispose());

  /** What becomes of a command, once it is known. */
  function performing(): { outcome: string | undefined } {
    const result: { outcome: string | undefined } = { outcome: undefined };
    fixture.engine.perform(STOP).then(
      () => (result.outcome = 'done'),
      (error: unknown) => (result.outcome = (error as { code: string }).code),
    );
    return result;
  }

  async function becomes(result: { readonly outcome: string | undefined }, outcome: string): Promise<void> {
    await eventually(
      () => `${outcome}, but ${result.outcome ?? 'nothing'}`,
      () => result.outcome !== undefined,
    );
    assert.equal(result.outcome, outcome);
  }

  it('are signed and carry an id of their own', async () => {
    const results = [performing(), performing()];
    const first = await connection.command('perform');
    const second = await connection.command('perform');
    assert.notEqual(first.id, second.id);
    for (const command of [first, second]) {
      assert.deepEqual(command.data, { command: STOP });
      assert.equal(connection.isSigned(command), true);
      connection.answer(command, 'accepted');
      connection.answer(command, 'done');
    }
    for (const result of results) await becomes(result, 'done');
  });

  for (const isAccepted of [false, true]) {
    it(`are asked for again when their answer was lost, ${isAccepted ? 'accepted' : 'unheard of'}`, async () => {
      const result = performing();
      const first = await connection.command('perform');
      if (isAccepted) connection.answer(first, 'accepted');
      connection.cut();
      const next = await fixture.reconnecting();
      await next.open({ resumed: true });
      const again = await next.command('perform');
      assert.equal(again.id, first.id);
      assert.deepEqual(again.data, first.data);
      assert.equal(next.isSigned(again), true);
      assert.notEqual(again.auth?.signature, first.auth?.signature);
      assert.equal(result.outcome, undefined);
      next.answer(again, 'done');
      await becomes(result, 'done');
    });
  }

  it('are not asked for again once they are answered', async () => {
    const result = performing();
    connection.answer(await connection.command('perform'), 'done');
    await becomes(result, 'done');
    connection.cut();
    const next = await fixture.reconnecting();
    await next.open({ resumed: true });
    await fixture.becomes('ready');
    const asked = fixture.engine.inspect(ID);
    next.answer(await next.command('inspect'), 'done', { container: {} });
    await asked;
    assert.equal(next.count('perform'), 0);
  });

  for (const [reconciled, outcome] of [
    ['done', 'done'],
    ['notDone', 'outcomeUnknown'],
    ['undetermined', 'outcomeUnknown'],
    ['something newer', 'outcomeUnknown'],
  ] as const) {
    it(`that nobody remembers, and that look ${reconciled}, end as ${outcome}`, async () => {
      const result = performing();
      const command = await connection.command('perform');
      connection.answer(command, 'unknown', { reconciled, message: 'The agent was restarted.' });
      await becomes(result, outcome);
    });
  }

  it('fail with what the agent says', async () => {
    const result = performing();
    const error = { code: 'forbidden', message: 'no' };
    connection.answer(await connection.command('perform'), 'failed', {}, error);
    await becomes(result, 'forbidden');
  });

  it('wait when the agent is too busy, and when it ends', async () => {
    const result = performing();
    const first = await connection.command('perform');
    const busy = { code: 'rateLimited', message: 'wait', retryAfterMs: 300 };
    connection.answer(first, 'failed', {}, busy);
    await eventually('it waits', () => {
      fixture.clock.advance(300);
      return connection.count('perform') === 2;
    });
    const second = await connection.command('perform');
    assert.equal(second.id, first.id);
    connection.answer(second, 'failed', {}, { code: 'shuttingDown', message: 'bye' });
    connection.close(1001);
    const next = await fixture.reconnecting();
    await next.open();
    next.answer(await next.command('perform'), 'done');
    await becomes(result, 'done');
  });

  it('have an end when no answer comes, and late answers change nothing', async () => {
    const result = performing();
    const command = await connection.command('perform');
    await fixture.pass(connection, RESPONSE_DEADLINE_MS);
    await becomes(result, 'outcomeUnknown');
    connection.answer(command, 'done');
    const accepted = performing();
    const second = await connection.command('perform');
    connection.answer(second, 'accepted');
    const asked = fixture.engine.inspect(ID);
    connection.answer(await connection.command('inspect'), 'done', { container: {} });
    await asked;
    connection.cut();
    await fixture.becomes('waiting');
    fixture.clock.advance(RESPONSE_DEADLINE_MS);
    assert.equal(accepted.outcome, undefined);
    fixture.clock.advance(FINAL_DEADLINE_MS);
    await becomes(accepted, 'outcomeUnknown');
  });

  it('are given up when only a person can bring the connection back, or nobody wants it', async () => {
    const result = performing();
    await connection.command('perform');
    connection.close(4403);
    await becomes(result, 'outcomeUnknown');
    await fixture.fails('tokenRefused');
    await assert.rejects(fixture.engine.perform(STOP), { code: 'tokenRefused' });
  });
}

function asking(): void {
  let fixture: RemoteFixture;
  let connection: ScriptedConnection;
  beforeEach(async () => {
    fixture = await RemoteFixture.start();
    connection = await fixture.connected();
  });
  afterEach(() => fixture.dispose());

  it('fail with the connection, and late answers change nothing', async () => {
    const asked = fixture.engine.inspect(ID);
    const command = await connection.command('inspect');
    assert.equal(command.auth, undefined);
    connection.cut();
    await assert.rejects(asked, { code: 'connectionLost' });
    const next = await fixture.reconnecting();
    await next.open();
    next.answer(command, 'done', { container: { Id: 'late' } });
    await fixture.becomes('ready');
    const again = fixture.engine.inspect(ID);
    next.answer(await next.command('inspect'), 'done', { container: { Id: 'right' } });
    assert.deepEqual(await again, { Id: 'right' });
  });

  it('fail after their deadline, and when the answer makes no sense', async () => {
    const late = fixture.engine.inspect(ID);
    const rejected = assert.rejects(late, { code: 'timeout' });
    await connection.command('inspect');
    await fixture.pass(connection, RESPONSE_DEADLINE_MS);
    await rejected;
    const asked = fixture.engine.inspect(ID);
    connection.answer(await connection.command('inspect'), 'failed');
    await assert.rejects(asked, { code: 'agentFailure' });
    assert.equal(fixture.engine.connection.kind, 'ready');
  });

  it('a lost change of the containers is made good by a new list, asked for once', async () => {
    connection.containers(5, [containerOf('a')]);
    await eventually('one', () => fixture.engine.containers?.size === 1);
    const change = (sequence: number, name: string): void =>
      connection.event('container', 'container_state_change', {
        sequence,
        updated: [containerOf(name)],
        removed: [],
      });
    change(6, 'b');
    await eventually('two', () => fixture.engine.containers?.size === 2);
    change(6, 'twice');
    change(8, 'c');
    change(9, 'd');
    await connection.command('request_state');
    connection.containers(9, ['a', 'b', 'c', 'd'].map(containerOf));
    await eventually('four', () => fixture.engine.containers?.size === 4);
    assert.equal(connection.count('request_state'), 1);
    connection.cut();
    const next = await fixture.reconnecting();
    assert.equal(fixture.engine.containers?.size, 4, 'the last known ones stay');
    const resume = await next.open({ resumed: true });
    assert.deepEqual(resume, { session: 's-1', epoch: 'e-1', containers: 9, streams: [] });
    await fixture.becomes('ready');
  });
}

function containerOf(name: string): object {
  return {
    id: name.repeat(64).slice(0, 64),
    name,
    image: 'i',
    imageId: 'sha256:0',
    command: 'c',
    createdAtMs: 0,
    state: 'running',
    statusText: 'Up',
    ports: [],
    labels: {},
  };
}
