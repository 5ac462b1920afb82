import assert from 'node:assert/strict';
import { WebSocket } from 'ws';
import type { PlainMetrics } from '../../src/protocol/plainMessages';
import { eventually } from '../support/eventually';
import { AgentFixture } from './agentFixture';

const WATCHERS = 10;
const MESSAGES = 6;

class Watcher {
  readonly messages: PlainMetrics[] = [];
  readonly errors: { readonly type: string; readonly data: { readonly message: string } }[] = [];
  closeCode: number | undefined;
  readonly socket: WebSocket;

  constructor(url: string, key: string) {
    const headers = { Authorization: `Bearer ${key}` };
    this.socket = new WebSocket(`${url}/ws/metrics`, { rejectUnauthorized: false, headers });
    this.socket.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString()) as PlainMetrics | Watcher['errors'][number];
      if ('type' in message) this.errors.push(message);
      else this.messages.push(message);
    });
    this.socket.on('close', (code) => (this.closeCode = code));
    this.socket.on('error', () => undefined);
  }
}

describe('agent: /ws/metrics', () => {
  let fixture: AgentFixture;
  const watchers: Watcher[] = [];

  async function open(engine: Parameters<typeof AgentFixture.make>[1] = {}): Promise<void> {
    fixture = await AgentFixture.make({}, engine);
  }
  afterEach(async () => {
    for (const { socket } of watchers.splice(0)) socket.terminate();
    await fixture.dispose();
  });

  function watch(key: string): Watcher {
    const watcher = new Watcher(fixture.agent.url, key);
    watchers.push(watcher);
    return watcher;
  }

  it('shows the machine once a second to ten watchers who share one look', async () => {
    await open();
    fixture.engine.run({ name: 'web', image: 'one' });
    fixture.engine.create({ name: 'idle', image: 'two' });
    const { watchKey } = await fixture.agent.addToken({ role: 'viewer' });
    for (let count = 0; count < WATCHERS; count++) watch(watchKey);
    await eventually('everybody has some', () =>
      watchers.every(({ messages }) => messages.length >= MESSAGES),
    );
    const times = new Set(watchers.flatMap(({ messages }) => messages.map(({ timestamp }) => timestamp)));
    const longest = Math.max(...watchers.map(({ messages }) => messages.length));
    assert.ok(times.size <= longest + 1, `${times.size} looks for ${longest} messages`);
    assert.equal(fixture.engine.count('info'), 1);
    assert.equal(fixture.engine.count('images'), 1);
    assert.equal(fixture.engine.count('stats'), 0);
    const sorted = [...times].map((time) => Date.parse(time)).sort((a, b) => a - b);
    const steps = sorted.slice(1).map((time, index) => time - (sorted[index] ?? 0));
    const median = steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
    assert.ok(median >= 900 && median <= 1_100, `${median} ms`);
    for (const socket of watchers.map((watcher) => watcher.socket)) socket.terminate();
    await fixture.engine.whenOpenStreams('events', 1);
  });

  it('has the fields of its documentation', async () => {
    await open();
    fixture.engine.run({ name: 'web' });
    const watcher = watch((await fixture.agent.addToken({ role: 'viewer' })).watchKey);
    await eventually('images are counted', () => watcher.messages.at(-1)?.docker.images === 1);
    const message = watcher.messages.at(-1);
    assert.ok(message);
    assert.deepEqual(Object.keys(message), ['timestamp', 'cpu', 'memory', 'disk', 'docker']);
    const { cpu, memory, disk, docker } = message;
    assert.ok(Math.abs(Date.parse(message.timestamp) - Date.now()) < 60_000);
    assert.ok(cpu.usage >= 0 && cpu.usage <= 100 && cpu.cores >= 1);
    for (const { used, total, percent } of [memory, disk]) {
      assert.ok(used !== null && total !== null && percent !== null);
      assert.ok(used > 0 && used <= total);
      assert.ok(Math.abs(percent - (used / total) * 100) < 0.01);
    }
    assert.deepEqual(docker, { containers_running: 1, containers_total: 1, images: 1 });
  });

  it('counts what the scope of the token holds', async () => {
    await open();
    fixture.engine.run({ name: 'hidden', image: 'one' });
    fixture.engine.run({ name: 'shown', image: 'two', labels: { team: 'web' } });
    const scope = { projects: [], labels: [{ name: 'team', value: 'web' }] };
    const watcher = watch((await fixture.agent.addToken({ role: 'viewer', scope })).watchKey);
    const expected = { containers_running: 1, containers_total: 1, images: 1 };
    await eventually('a message', () => watcher.messages.length > 0);
    assert.deepEqual(watcher.messages[0]?.docker, expected);
  });

  it('goes on when the engine was away', async () => {
    await open();
    const watcher = watch((await fixture.agent.addToken({ role: 'viewer' })).watchKey);
    await eventually('a message', () => watcher.messages.length > 0);
    fixture.engine.stopListening();
    await fixture.engine.whenOpenStreams('events', 0);
    const before = watcher.messages.length;
    await fixture.engine.listenAgain();
    await eventually('more', () => watcher.messages.length > before + 1);
    assert.equal(watcher.closeCode, undefined);
  });

  it('says that there is nothing to see where the engine is on another machine', async () => {
    await open({ isElsewhere: true });
    const watcher = watch((await fixture.agent.addToken({ role: 'viewer' })).watchKey);
    await eventually('closed', () => watcher.closeCode !== undefined);
    assert.equal(watcher.closeCode, 4404);
    assert.deepEqual(watcher.errors[0]?.data, { message: 'Metrics are not available on this agent' });
  });
});
