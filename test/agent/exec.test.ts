import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { AgentFixture } from './agentFixture';
import type { Message, RawClient } from './rawClient';

const CREDIT = 2_097_152;
const EXITED = 4;

describe('agent: exec', () => {
  let fixture: AgentFixture;
  let client: RawClient;
  let containerId: string;

  beforeEach(async () => {
    fixture = await AgentFixture.make();
    containerId = fixture.engine.run({ name: 'web' }).id;
    client = await fixture.open();
  });
  afterEach(() => fixture.dispose());

  async function start(
    of: RawClient,
    wish: { stream?: number; id?: string; command?: readonly string[] } = {},
  ): Promise<{ stream: number; response: Message; id: string }> {
    const { stream = of.newStream(), id = randomUUID(), command = ['sh'] } = wish;
    const size = { columns: 80, rows: 24 };
    const data = { stream, container_id: containerId, command, size, credit: CREDIT };
    return { stream, id, response: await of.signed('exec', 'start_exec', data, id) };
  }

  function exit(of: RawClient, stream: number): unknown {
    const frame = of.framesOf(stream).find(({ type }) => type === EXITED);
    return frame && JSON.parse(frame.body.toString());
  }

  it('types into a shell, sees its output, resizes it, and hears of its end', async () => {
    const { stream, response } = await start(client);
    assert.equal(response.status, 'done');
    assert.ok(Number(response.data['credit']) > 0);
    client.sendInput(stream, 1, Buffer.from('echo hello\n'));
    await client.until('the echo', () => /hello\r?\n[^]*hello/.test(client.output(stream)));
    const size = { columns: 100, rows: 30 };
    assert.equal((await client.command('exec', 'resize_exec', { stream, size })).status, 'done');
    client.sendInput(stream, 2, Buffer.from('exit 3\n'));
    await client.until('the end', () => exit(client, stream) !== undefined);
    assert.deepEqual(exit(client, stream), { exitCode: 3 });
    assert.ok(fixture.engine.execSizes.some(({ width, height }) => width === 100 && height === 30));
  });

  it('acknowledges what was typed', async () => {
    const { stream } = await start(client);
    client.sendInput(stream, 1, Buffer.from('a'));
    await client.until('an ack', () => client.messages.some(({ type }) => type === 'ack'));
    const ack = client.messages.find(({ type }) => type === 'ack');
    assert.deepEqual(ack?.data['streams'], [{ stream, sequence: 1, credit: CREDIT + 21 }]);
  });

  it('goes on after a cut, and says how much of the typing came', async () => {
    const { stream } = await start(client);
    client.sendInput(stream, 1, Buffer.from('echo one\n'));
    await client.until('the echo', () => /one\r?\n[^]*one/.test(client.output(stream)));
    client.cut();
    const again = await fixture.comeBack(client);
    assert.deepEqual(again.established.data['streams'], [{ stream, sequence: 1 }]);
    again.sendInput(stream, 2, Buffer.from('echo two\n'));
    await again.until('the echo', () => /two\r?\n[^]*two/.test(again.output(stream)));
    assert.equal(fixture.engine.count('exec.create'), 1);
  });

  it('starts once, however often it is asked', async () => {
    const { stream, id } = await start(client);
    client.cut();
    const again = await fixture.comeBack(client);
    const { response } = await start(again, { stream, id });
    assert.equal(response.status, 'done');
    assert.equal(fixture.engine.count('exec.create'), 1);
  });

  it('is over for a client whose session is gone', async () => {
    const { id, stream } = await start(client);
    client.close(1000);
    await client.closed();
    await fixture.engine.whenOpenStreams('exec', 0);
    const again = await fixture.open();
    again.newStream();
    const { response } = await start(again, { stream, id });
    assert.equal(response.status, 'done');
    await again.until('the end', () => exit(again, stream) !== undefined);
    assert.equal((exit(again, stream) as { error: { code: string } }).error.code, 'connectionLost');
    assert.equal(fixture.engine.count('exec.create'), 1);
  });

  it('ends with stop_exec', async () => {
    const { stream } = await start(client);
    assert.equal((await client.command('exec', 'stop_exec', { stream })).status, 'done');
    await fixture.engine.whenOpenStreams('exec', 0);
    assert.equal((await client.command('exec', 'stop_exec', { stream })).error?.code, 'noSuchStream');
  });

  it('holds a program while its client takes nothing, and loses nothing of what it wrote', async () => {
    const stream = client.newStream();
    client.stall(stream);
    const last = 2_000_000;
    const command = ['sh', '-c', `seq 1 ${last}`];
    await start(client, { stream, command });
    const receivedBytes = (): number => client.framesOf(stream).reduce((sum, { cost }) => sum + cost, 0);
    await client.until('the credit is used up', () => receivedBytes() >= CREDIT);
    // Whatever an agent without a bound would take by then: the answer comes after all that it has read so far.
    for (let round = 0; round < 20; round++) await client.command('system', 'ping', {});
    assert.equal(exit(client, stream), undefined);
    assert.ok(fixture.engine.execWrittenBytes < 6_000_000, String(fixture.engine.execWrittenBytes));
    client.unstall(stream);
    await client.until('the end', () => exit(client, stream) !== undefined);
    assert.deepEqual(exit(client, stream), { exitCode: 0 });
    const numbers = client.output(stream).trimEnd().split('\r\n');
    assert.equal(numbers.length, last);
    assert.ok(numbers.every((text, index) => text === String(index + 1)));
  });

  it('acknowledges no more than a program reads of what is typed', async () => {
    const { stream } = await start(client, { command: ['sleep'] });
    const piece = Buffer.alloc(60_000, 'x');
    const count = 30;
    for (let sequence = 1; sequence <= count; sequence++) client.sendInput(stream, sequence, piece);
    for (let round = 0; round < 20; round++) await client.command('system', 'ping', {});
    const acks = client.messages.filter(({ type }) => type === 'ack');
    const last = acks.flatMap(({ data }) => data['streams'] as { sequence: number }[]).at(-1);
    assert.ok((last?.sequence ?? 0) < count, `acknowledged ${last?.sequence}`);
  });

  it('is for admins', async () => {
    for (const role of ['viewer', 'operator'] as const) {
      const token = await fixture.agent.addToken({ role });
      const guest = await fixture.open(fixture.targetOf(token));
      assert.equal((await start(guest)).response.error?.code, 'forbidden');
    }
    assert.equal(fixture.engine.count('exec.create'), 0);
  });

  it('closes a client that types out of sequence', async () => {
    const { stream } = await start(client);
    client.sendInput(stream, 2, Buffer.from('x'));
    assert.equal(await client.closed(), 4460);
    await fixture.engine.whenOpenStreams('exec', 0);
  });
});
