import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { AgentFixture } from './agentFixture';
import type { RawClient } from './rawClient';
import { canonical } from './rawWire';

describe('agent: commands run at most once', () => {
  let fixture: AgentFixture;
  let client: RawClient;
  let id: string;

  beforeEach(async () => {
    fixture = await AgentFixture.make();
    fixture.engine.run({ name: 'web' });
    client = await fixture.open();
    id = client.idOf('web');
  });
  afterEach(() => fixture.dispose());

  function statuses(of: RawClient, commandId: string): readonly unknown[] {
    return of.messages.filter((message) => message.id === commandId).map(({ status }) => status);
  }

  it('says that the intent is on the disk before it says what came of it', async () => {
    const commandId = randomUUID();
    await client.perform({ kind: 'stop', id }, commandId);
    assert.deepEqual(statuses(client, commandId), ['accepted', 'done']);
    assert.match(readFileSync(fixture.agent.state.journalFile, 'utf8'), new RegExp(commandId));
  });

  it('answers a repeated command with what came of it', async () => {
    const commandId = randomUUID();
    await client.perform({ kind: 'restart', id }, commandId);
    client.messages.length = 0;
    const { status } = await client.perform({ kind: 'restart', id }, commandId);
    assert.equal(status, 'done');
    assert.equal(fixture.engine.count('restart'), 1);
  });

  it('goes on with a command whose connection was cut, and tells who comes back', async () => {
    const commandId = randomUUID();
    fixture.engine.hang();
    client.sendSigned('container', 'perform', { command: { kind: 'restart', id } }, commandId);
    await fixture.engine.whenRequested('restart');
    client.cut();
    const again = await fixture.comeBack(client);
    again.sendSigned('container', 'perform', { command: { kind: 'restart', id } }, commandId);
    await again.until('it is accepted', () => statuses(again, commandId).length === 1);
    fixture.engine.unhang();
    assert.equal((await again.response(commandId)).status, 'done');
    assert.equal(fixture.engine.count('restart'), 1);
  });

  it('remembers failures, too', async () => {
    const commandId = randomUUID();
    fixture.engine.failRoute('start', 'no space left');
    fixture.engine.stop('web');
    const first = await client.perform({ kind: 'start', id }, commandId);
    assert.equal(first.error?.code, 'engineFailure');
    fixture.engine.failRoute('start', undefined);
    client.messages.length = 0;
    const second = await client.perform({ kind: 'start', id }, commandId);
    assert.deepEqual(second.error, first.error);
    assert.equal(fixture.engine.count('start'), 1);
  });

  it('refuses an id that was used for another command', async () => {
    const commandId = randomUUID();
    await client.perform({ kind: 'stop', id }, commandId);
    client.messages.length = 0;
    const { error } = await client.perform({ kind: 'start', id }, commandId);
    assert.equal(error?.code, 'commandIdReused');
  });

  it('refuses what is not signed, signed wrongly, or signed for another connection', async () => {
    const other = await fixture.open();
    const data = { command: { kind: 'stop', id } };
    const unsigned = await client.command('container', 'perform', data);
    assert.equal(unsigned.error?.code, 'badSignature');
    for (const key of [other.connectionKey, Buffer.alloc(32)]) {
      const commandId = randomUUID();
      client.sendSigned('container', 'perform', data, commandId, key);
      assert.equal((await client.response(commandId)).error?.code, 'badSignature');
    }
    assert.equal(fixture.engine.count('stop'), 0);
  });

  it('refuses a signed command whose content was changed', async () => {
    const commandId = randomUUID();
    const before = { command: { kind: 'stop', id } };
    const signed = client.makeSigned('container', 'perform', before, commandId);
    client.send({ ...signed, data: { command: { kind: 'remove', id, force: true, volumes: true } } });
    assert.equal((await client.response(commandId)).error?.code, 'badSignature');
    assert.equal(canonical(before), `{"command":{"id":"${id}","kind":"stop"}}`);
  });

  it('reports a command that the agent did not finish as unknown, and what the container tells', async () => {
    const commandId = randomUUID();
    fixture.engine.stop('web');
    const other = fixture.engine.run({ name: 'other' });
    // As an agent leaves it that is killed while its engine works.
    await fixture.agent.stop();
    for (const [its, command] of [
      [commandId, { kind: 'stop', id }],
      ['paused', { kind: 'pause', id: other.id }],
    ] as const) {
      const digest = createHash('sha256')
        .update(`perform ${canonical({ command })}`)
        .digest('base64url');
      const intent = { tokenId: client.tokenId, commandId: its, digest, command, atMs: Date.now() - 20_000 };
      appendFileSync(fixture.agent.state.journalFile, `${JSON.stringify({ intent })}\n`);
    }
    await fixture.agent.start();
    const again = await fixture.open();
    const stopped = await again.perform({ kind: 'stop', id }, commandId);
    assert.equal(stopped.status, 'unknown');
    assert.equal(stopped.data['reconciled'], 'done');
    const paused = await again.perform({ kind: 'pause', id: other.id }, 'paused');
    assert.equal(paused.data['reconciled'], 'notDone');
    assert.equal(fixture.engine.count('stop') + fixture.engine.count('pause'), 0);
  });

  it('writes down who did what with which result', async () => {
    const viewer = await fixture.agent.addToken({ role: 'viewer', name: 'guest' });
    const guest = await fixture.open(fixture.targetOf(viewer));
    await guest.perform({ kind: 'stop', id }, 'guest-stop');
    await client.perform({ kind: 'stop', id }, 'admin-stop');
    await fixture.agent.stop();
    const lines = readFileSync(fixture.agent.state.auditFile, 'utf8').trim().split('\n');
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const of = (commandId: string) => records.filter((record) => record['commandId'] === commandId);
    assert.deepEqual(
      of('guest-stop').map(({ tokenName, action, result, code, containerName }) => ({
        tokenName,
        action,
        result,
        code,
        containerName,
      })),
      [{ tokenName: 'guest', action: 'stop', result: 'refused', code: 'forbidden', containerName: 'web' }],
    );
    assert.deepEqual(
      of('admin-stop').map(({ result }) => result),
      ['begun', 'done'],
    );
    assert.ok(!lines.join('').includes(fixture.agent.token.secret));
    await fixture.agent.start();
  });

  it('lets what runs come to its end when the agent is shut down, and begins nothing new', async () => {
    fixture.engine.hang();
    client.sendSigned('container', 'perform', { command: { kind: 'restart', id } }, 'running');
    await fixture.engine.whenRequested('restart');
    const stopped = fixture.agent.stop();
    const late = await client.perform({ kind: 'stop', id });
    assert.equal(late.error?.code, 'shuttingDown');
    fixture.engine.unhang();
    assert.equal((await client.response('running')).status, 'done');
    assert.equal(await client.closed(), 1001);
    await stopped;
    await fixture.agent.start();
  });
});
