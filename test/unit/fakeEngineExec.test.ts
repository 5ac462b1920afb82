import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import { parseFrames, RawClient } from '../doubles/fakeEngine/rawClient';

interface Hijacked {
  readonly response: IncomingMessage;
  readonly connection: Duplex;
  output(): Buffer;
  until(isEnough: (text: string) => boolean): Promise<void>;
  readonly ended: Promise<void>;
}

/** Starts an exec as the docker command does: an upgrade with a body. */
function hijack(socketPath: string, path: string, body: string): Promise<Hijacked> {
  return new Promise((resolve, reject) => {
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'tcp',
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    };
    const sent = httpRequest({ socketPath, method: 'POST', path, headers });
    sent.on('error', reject);
    sent.on('response', (response) => reject(new Error(`not upgraded: ${response.statusCode ?? 0}`)));
    sent.on('upgrade', (response, connection, head) => resolve(collect(response, connection, head)));
    sent.end(body);
  });
}

function collect(response: IncomingMessage, connection: Duplex, head: Buffer): Hijacked {
  let bytes = head;
  let check: () => void = () => undefined;
  connection.on('data', (part: Buffer) => {
    bytes = Buffer.concat([bytes, part]);
    check();
  });
  const ended = new Promise<void>((resolve) => connection.on('end', resolve));
  return {
    response,
    connection,
    ended,
    output: () => bytes,
    until: (isEnough) =>
      new Promise((resolve) => {
        check = () => {
          if (isEnough(bytes.toString())) resolve();
        };
        check();
      }),
  };
}

describe('FakeEngine: exec and stats', () => {
  let engine: FakeEngine;
  let client: RawClient;

  beforeEach(async () => {
    engine = await new FakeEngine({ personality: '25', statsIntervalMs: 5 }).listen();
    client = new RawClient(engine.socketPath);
    engine.run({ name: 'web' });
  });

  afterEach(() => engine.dispose());

  async function create(body: object): Promise<string> {
    const answer = await client.post('/containers/web/exec', body);
    assert.equal(answer.status, 201, answer.text);
    return (JSON.parse(answer.text) as { Id: string }).Id;
  }

  it('gives a shell on an upgraded connection, with its size and its exit code', async () => {
    const id = await create({ Cmd: ['sh'], Tty: true, AttachStdin: true, AttachStdout: true });
    const shell = await hijack(engine.socketPath, `/v1.44/exec/${id}/start`, '{"Tty":true,"Detach":false}');
    assert.deepEqual([shell.response.statusCode, shell.response.statusMessage], [101, 'UPGRADED']);
    assert.equal(shell.response.headers['content-type'], 'application/vnd.docker.raw-stream');
    await shell.until((text) => text.includes('/ # '));
    assert.equal((await client.post(`/exec/${id}/resize?h=40&w=120`)).status, 200);
    assert.deepEqual(engine.execSizes, [{ height: 40, width: 120 }]);
    shell.connection.write('echo hello\r');
    await shell.until((text) => text.includes('\r\nhello\r\n'));
    assert.deepEqual(
      [((await client.json(`/exec/${id}/json`)) as { Running: boolean }).Running, engine.openStreams('exec')],
      [true, 1],
    );
    shell.connection.write('exit 7\r');
    await shell.ended;
    const inspected = (await client.json(`/exec/${id}/json`)) as { Running: boolean; ExitCode: number };
    assert.deepEqual([inspected.Running, inspected.ExitCode], [false, 7]);
    shell.connection.end();
    await engine.whenOpenStreams('exec', 0);
  });

  it('gives back what cat is fed, byte by byte and framed, until the client ends its side', async () => {
    const id = await create({ Cmd: ['cat'], AttachStdin: true, AttachStdout: true });
    const cat = await hijack(engine.socketPath, `/exec/${id}/start`, '{}');
    assert.equal(cat.response.headers['content-type'], 'application/vnd.docker.multiplexed-stream');
    cat.connection.end(Buffer.from([0, 1, 2, 255]));
    await cat.ended;
    const bytes = cat.output();
    assert.deepEqual([...bytes], [1, 0, 0, 0, 0, 0, 0, 4, 0, 1, 2, 255]);
  });

  it('runs a command without input, upgraded or not, and tells of it in events', async () => {
    const stream = await client.follow('/events');
    await engine.whenOpenStreams('events', 1);
    const first = await create({ Cmd: ['echo', 'a', 'b'], AttachStdout: true });
    const upgraded = await hijack(engine.socketPath, `/exec/${first}/start`, '{}');
    await upgraded.ended;
    assert.deepEqual(parseFrames(upgraded.output()), [{ type: 1, text: 'a b\n' }]);
    const second = await create({ Cmd: ['sh', '-c', 'exit 3'], AttachStdout: true });
    const plain = await client.open('POST', `/exec/${second}/start`, {});
    await plain.ended;
    assert.equal(plain.frames().length, 1);
    assert.equal(((await client.json(`/exec/${second}/json`)) as { ExitCode: number }).ExitCode, 3);
    await stream.until(() => stream.lines().length === 6);
    assert.deepEqual(
      stream.lines().map((line) => (JSON.parse(line) as { Action: string }).Action),
      [
        'exec_create: echo a b',
        'exec_start: echo a b',
        'exec_die',
        'exec_create: sh -c exit 3',
        'exec_start: sh -c exit 3',
        'exec_die',
      ],
    );
  });

  it('ends when its container dies', async () => {
    const id = await create({ Cmd: ['sh'], Tty: true, AttachStdin: true });
    const shell = await hijack(engine.socketPath, `/exec/${id}/start`, '{"Tty":true}');
    await shell.until((text) => text.includes('/ # '));
    engine.die('web', 1);
    await shell.ended;
  });

  it('refuses containers that cannot run it, and ids that are not known', async () => {
    engine.pause('web');
    assert.equal((await client.post('/containers/web/exec', { Cmd: ['sh'] })).status, 409);
    engine.stop('web');
    const stopped = await client.post('/containers/web/exec', { Cmd: ['sh'] });
    assert.match(stopped.text, /is not running/);
    assert.equal((await client.get('/exec/nope/json')).status, 404);
    await assert.rejects(hijack(engine.socketPath, '/exec/nope/start', '{}'), /not upgraded: 404/);
    await assert.rejects(hijack(engine.socketPath, '/containers/web/json', '{}'), /not upgraded: 4/);
  });

  it('streams samples while someone looks, the first without a previous one', async () => {
    const stream = await client.follow('/containers/web/stats');
    await stream.until(() => stream.lines().length >= 3);
    assert.equal(engine.openStreams('stats'), 1);
    stream.close();
    await engine.whenOpenStreams('stats', 0);
    const [first, second] = stream.lines().map((line) => JSON.parse(line) as StatsLine);
    assert.equal(first?.precpu_stats.system_cpu_usage, undefined);
    assert.equal(second?.precpu_stats.system_cpu_usage, first?.cpu_stats.system_cpu_usage);
    assert.equal(second?.cpu_stats.cpu_usage.percpu_usage, undefined);
    assert.equal(typeof second?.memory_stats.stats['inactive_file'], 'number');
  });

  it('gives one sample when asked for one, in the form of its control groups', async () => {
    const old = await new FakeEngine({ personality: '20.10' }).listen();
    old.run({ name: 'web' });
    const sample = (await new RawClient(old.socketPath).json('/containers/web/stats?stream=0')) as StatsLine;
    await old.dispose();
    assert.equal(sample.cpu_stats.cpu_usage.percpu_usage?.length, 4);
    assert.equal(typeof sample.memory_stats.stats['total_inactive_file'], 'number');
    assert.notEqual(sample.precpu_stats.system_cpu_usage, undefined);
    const single = (await client.json('/containers/web/stats?stream=0&one-shot=1')) as StatsLine;
    assert.equal(single.precpu_stats.system_cpu_usage, undefined);
  });
});

interface StatsLine {
  readonly cpu_stats: {
    readonly cpu_usage: { readonly percpu_usage?: readonly number[] };
    readonly system_cpu_usage?: number;
  };
  readonly precpu_stats: { readonly system_cpu_usage?: number };
  readonly memory_stats: { readonly stats: Readonly<Record<string, number>> };
}
