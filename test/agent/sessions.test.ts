import assert from 'node:assert/strict';
import { AgentFixture } from './agentFixture';
import type { RawClient } from './rawClient';

describe('agent: sessions', () => {
  let fixture: AgentFixture;
  let client: RawClient;
  let stream: number;

  beforeEach(async () => {
    fixture = await AgentFixture.make();
    fixture.engine.run({ name: 'web' });
    client = await fixture.open();
    stream = await client.startLog(client.idOf('web'));
    fixture.engine.writeLog('web', 'stdout', 'before\n');
    await client.until('a line', () => client.lines(stream).length === 1);
  });
  afterEach(() => fixture.dispose());

  it('go on after a cut with what came meanwhile, by sequence', async () => {
    fixture.agent.cutConnections();
    await client.closed();
    fixture.engine.writeLog('web', 'stdout', 'meanwhile\n');
    fixture.engine.run({ name: 'new' });
    const again = await fixture.comeBack(client);
    assert.equal(again.established.data['resumed'], true);
    assert.deepEqual(again.established.data['streams'], [{ stream, sequence: 0 }]);
    fixture.engine.writeLog('web', 'stdout', 'after\n');
    await again.until('two lines', () => again.lines(stream).length === 2);
    assert.deepEqual(again.lines(stream), ['meanwhile', 'after']);
    // The containers come as changes, not as another snapshot.
    await again.until('the new one', () => [...again.containers.values()].some(({ name }) => name === 'new'));
    assert.ok(!again.messages.some(({ action }) => action === 'initial_state'));
  });

  it('send again what was not acknowledged, and nothing that was', async () => {
    client.stall(stream);
    fixture.engine.writeLines('web', 5_000);
    await client.until('all lines', () => client.lines(stream).length === 5_001);
    client.cut();
    const position = client.resumption([stream]) as { streams: { sequence: number }[] };
    const [received] = position.streams;
    assert.ok(received !== undefined && received.sequence > 2);
    // The client takes over one frame less than it was sent.
    received.sequence -= 1;
    const again = fixture.connect();
    await again.authenticate();
    again.newStream();
    again.continueAt(stream, received.sequence);
    await again.openSession(position);
    await again.until('a frame', () => again.framesOf(stream).length === 1);
    assert.deepEqual(again.framesOf(stream)[0], client.framesOf(stream).at(-1));
  });

  it('belong to one run of the agent: after a restart the client resumes by place', async () => {
    const places = client.updates(stream).flatMap(({ notes }) => notes.map(({ place }) => place));
    const resumeAt = places.findLast((place) => place !== undefined);
    assert.ok(resumeAt);
    const wish = client.resumption();
    await fixture.agent.restart();
    assert.equal(await client.closed(), 1001);
    fixture.engine.writeLog('web', 'stdout', 'after\n');
    const again = await fixture.open(fixture.target, wish);
    assert.equal(again.established.data['resumed'], false);
    assert.notEqual(again.established.data['epoch'], client.established.data['epoch']);
    const continued = await again.startLog(again.idOf('web'), { resumeAt });
    await again.until('the next line', () => again.lines(continued).length === 1);
    assert.deepEqual(again.lines(continued), ['after']);
  });

  it('are taken over by a client that comes back before the cut is noticed', async () => {
    const again = await fixture.comeBack(client);
    assert.equal(await client.closed(), 4409);
    fixture.engine.writeLog('web', 'stdout', 'after\n');
    await again.until('a line', () => again.lines(stream).length === 1);
    assert.equal(again.established.data['resumed'], true);
  });

  it('end when the client says so', async () => {
    client.close(1000);
    await client.closed();
    await fixture.engine.whenOpenStreams('logs', 0);
    const again = await fixture.comeBack(client);
    assert.equal(again.established.data['resumed'], false);
  });

  it('end streams that the client does not name any more', async () => {
    client.cut();
    const again = await fixture.comeBack(client, []);
    assert.equal(again.established.data['resumed'], true);
    assert.deepEqual(again.established.data['streams'], []);
    await fixture.engine.whenOpenStreams('logs', 0);
  });

  it('go on however often the network is cut', async () => {
    let current = client;
    for (let cut = 1; cut <= 80; cut++) {
      current.cut();
      const next = await fixture.comeBack(current);
      assert.equal(next.established.data['resumed'], true);
      fixture.engine.writeLog('web', 'stdout', `after cut ${cut}\n`);
      await next.until('the next line', () => next.lines(stream).length === 1);
      assert.deepEqual(next.lines(stream), [`after cut ${cut}`]);
      current = next;
    }
  });

  it('are not given to another token', async () => {
    const other = await fixture.agent.addToken();
    client.cut();
    const thief = await fixture.open(fixture.targetOf(other), client.resumption());
    assert.equal(thief.established.data['resumed'], false);
    const again = await fixture.comeBack(client);
    assert.equal(again.established.data['resumed'], true);
  });

  it('are closed with 4403 when the token is revoked, also where the connection is cut', async () => {
    const away = await fixture.open();
    away.cut();
    await fixture.agent.revoke(fixture.agent.token.id);
    assert.equal(await client.closed(), 4403);
    const refused = fixture.connect();
    assert.equal((await refused.refused()).status, 401);
    await fixture.engine.whenOpenStreams('logs', 0);
  });

  it('are closed with 4402 when the token expires', async () => {
    const short = await fixture.agent.addToken({ expiresAt: new Date(Date.now() + 1_500) });
    const soon = await fixture.open(fixture.targetOf(short));
    assert.equal(await soon.closed(), 4402);
  });

  it('keep what a client acknowledges honest', async () => {
    client.sendAck(stream, 1_000_000, 2_097_152);
    assert.equal(await client.closed(), 4460);
  });
});
