import assert from 'node:assert/strict';
import { WebSocket, type ClientOptions } from 'ws';
import { eventually } from '../support/eventually';
import { AgentFixture } from './agentFixture';

interface PlainMessage {
  readonly type: string;
  readonly timestamp: string;
  readonly data: Record<string, string>;
}

/** What a person has with `websocat`, or a page of a dashboard. */
class Watcher {
  readonly messages: PlainMessage[] = [];
  closeCode: number | undefined;
  status: number | undefined;
  readonly socket: WebSocket;

  constructor(url: string, options: ClientOptions) {
    this.socket = new WebSocket(url, { rejectUnauthorized: false, ...options });
    this.socket.on('message', (data) =>
      this.messages.push(JSON.parse((data as Buffer).toString()) as PlainMessage),
    );
    this.socket.on('close', (code) => (this.closeCode = code));
    this.socket.on('error', () => undefined);
    this.socket.on('unexpected-response', (_request, response) => (this.status = response.statusCode));
  }

  get lines(): readonly string[] {
    return this.messages.filter(({ type }) => type === 'log').map(({ data }) => data['line'] ?? '');
  }

  async until(what: string, isTrue: () => boolean): Promise<void> {
    await eventually(() => `${what}: ${JSON.stringify(this.messages.at(-1))}`, isTrue);
  }

  async closed(): Promise<number | undefined> {
    await this.until('it is closed', () => this.closeCode !== undefined);
    return this.closeCode;
  }
}

describe('agent: plain endpoints', () => {
  let fixture: AgentFixture;
  let key: string;
  const watchers: Watcher[] = [];

  beforeEach(async () => {
    fixture = await AgentFixture.make();
    key = (await fixture.agent.addToken({ role: 'viewer' })).watchKey;
  });
  afterEach(async () => {
    for (const { socket } of watchers.splice(0)) socket.terminate();
    await fixture.dispose();
  });

  function watch(
    path: string,
    headers: Record<string, string> = { Authorization: `Bearer ${key}` },
  ): Watcher {
    const watcher = new Watcher(`${fixture.agent.url}${path}`, { headers });
    watchers.push(watcher);
    return watcher;
  }

  function watchLogs(appId: string): Watcher {
    return watch(`/ws/container/logs?appId=${encodeURIComponent(appId)}`);
  }

  it('show a container, its newest 100 lines and what follows', async () => {
    const { engine } = fixture;
    engine.run({ name: 'web' });
    engine.writeLines('web', 150);
    const watcher = watchLogs('web');
    await watcher.until('100 lines', () => watcher.lines.length === 100);
    const [status] = watcher.messages;
    assert.equal(status?.type, 'status');
    assert.equal(status.data['container'], 'web');
    assert.equal(status.data['state'], 'running');
    assert.match(status.data['status'] ?? '', /^Up /);
    assert.equal(watcher.lines[0]?.slice(0, 10), '0000000050');
    engine.writeLog('web', 'stderr', 'live\n', { timestampNs: 1_700_000_000_123_456_789n });
    await watcher.until('a live line', () => watcher.lines.length === 101);
    assert.deepEqual(watcher.messages.at(-1), {
      type: 'log',
      timestamp: '2023-11-14T22:13:20.123456789Z',
      data: { line: 'live' },
    });
  });

  it('end when the container stops', async () => {
    fixture.engine.run({ name: 'web' });
    const watcher = watchLogs('web');
    await watcher.until('the status', () => watcher.messages.length === 1);
    fixture.engine.stop('web');
    assert.equal(await watcher.closed(), 1000);
    const last = watcher.messages.at(-1);
    assert.equal(last?.type, 'end');
    assert.deepEqual(last.data, { message: 'Log stream ended' });
    await fixture.engine.whenOpenStreams('logs', 0);
  });

  it('know a container by its id and the first 12 digits of it', async () => {
    const { id } = fixture.engine.run({ name: 'web' });
    for (const appId of [id, id.slice(0, 12)]) {
      const watcher = watchLogs(appId);
      await watcher.until('the status', () => watcher.messages[0]?.type === 'status');
    }
  });

  it('say what is wrong, and close with 4404', async () => {
    fixture.engine.create({ name: 'idle' });
    const cases = [
      ['/ws/container/logs?appId=nobody', 'Container not found'],
      ['/ws/container/logs?appId=idle', 'Container not running'],
      ['/ws/container/logs', 'appId is missing'],
      ['/ws/deployment/logs?deploymentId=1', 'Deployments are not available on this agent'],
    ] as const;
    for (const [path, message] of cases) {
      const watcher = watch(path);
      assert.equal(await watcher.closed(), 4404, path);
      const [error] = watcher.messages;
      assert.equal(error?.type, 'error');
      assert.deepEqual(error.data, { message });
    }
  });

  it('cut lines of more than 1 MB', async () => {
    fixture.engine.run({ name: 'web' });
    const text = 'ä'.repeat(700_000);
    const watcher = watchLogs('web');
    await watcher.until('the status', () => watcher.messages.length === 1);
    fixture.engine.writeRecord('web', 'stdout', `${text}\n`);
    await watcher.until('the whole line', () => watcher.lines.join('').length === text.length);
    assert.equal(watcher.lines.join(''), text);
    assert.ok(watcher.lines.every((line) => Buffer.byteLength(line) <= 1_048_576));
  });

  it('take the watch key from a cookie', async () => {
    fixture.engine.run({ name: 'web' });
    const watcher = watch('/ws/container/logs?appId=web', { Cookie: `theme=dark; quaywatch=${key}` });
    await watcher.until('the status', () => watcher.messages[0]?.type === 'status');
  });

  it('refuse by HTTP whoever has no watch key', async () => {
    const refused = [
      {},
      { Authorization: `Bearer ${fixture.agent.tokenSecret}` },
      { Authorization: `Bearer ${key.slice(0, -2)}AA` },
      { Cookie: 'quaywatch=nothing' },
      { Authorization: `Bearer ${fixture.agent.token.id}` },
    ];
    for (const headers of refused) {
      const watcher = watch('/ws/metrics', headers);
      await watcher.until('it is refused', () => watcher.status !== undefined);
      assert.equal(watcher.status, 401);
    }
    const page = watch('/ws/metrics', { Authorization: `Bearer ${key}`, Origin: 'https://evil.example' });
    await page.until('it is refused', () => page.status !== undefined);
    assert.equal(page.status, 403);
  });

  it('show nothing outside the scope of the token', async () => {
    fixture.engine.run({ name: 'secret' });
    fixture.engine.run({ name: 'shown', labels: { team: 'web' } });
    const scope = { projects: [], labels: [{ name: 'team', value: 'web' }] };
    ({ watchKey: key } = await fixture.agent.addToken({ role: 'viewer', scope }));
    const shown = watchLogs('shown');
    await shown.until('the status', () => shown.messages[0]?.type === 'status');
    const hidden = watchLogs('secret');
    assert.equal(await hidden.closed(), 4404);
    assert.deepEqual(hidden.messages[0]?.data, { message: 'Container not found' });
  });

  it('end with their token', async () => {
    fixture.engine.run({ name: 'web' });
    const watcher = watchLogs('web');
    await watcher.until('the status', () => watcher.messages.length === 1);
    await fixture.agent.revoke(key.split('.')[0] ?? '');
    assert.equal(await watcher.closed(), 4403);
  });

  it('wait for a watcher that does not read, without losing a line', async () => {
    const { engine } = fixture;
    engine.run({ name: 'web' });
    const watcher = watchLogs('web');
    engine.writeLog('web', 'stdout', 'the first\n');
    // Before that it might begin with the newest of the many.
    await watcher.until('it follows', () => watcher.lines.length === 1);
    watcher.socket.pause();
    engine.writeLines('web', 60_000, { lineBytes: 200 });
    const client = await fixture.open();
    const stream = await client.startLog(client.idOf('web'));
    await client.until('another one has all', () => client.lines(stream).length === 60_001);
    watcher.socket.resume();
    await watcher.until('all lines', () => watcher.lines.length === 60_001);
    assert.ok(watcher.lines.slice(1).every((line, index) => Number(line.slice(0, 10)) === index));
  });
});
