import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { eventually } from '../support/eventually';
import { AgentFixture } from './agentFixture';
import type { Message, RawClient } from './rawClient';
import { readEntries, type RawEntry } from './rawWire';

const CREDIT = 262_144;
/** The bound a panel is given for stopping. */
const STOPPING_MS = 2_000;
const INTERVAL_MS = 100;

/** What one stream told, by the ids that it named. */
class Told {
  readonly samples = new Map<string, number[]>();
  readonly gaps = new Map<string, string[]>();
  readonly machine: { readonly kind: string; readonly counts?: Record<string, number> }[] = [];
  /** Kinds of what came of one container, in order. */
  readonly order: string[] = [];
  private readonly names = new Map<number, string>();

  constructor(client: RawClient, stream: number) {
    for (const frame of client.framesOf(stream)) for (const entry of readEntries(frame)) this.take(entry);
  }

  private take({ kind, key, content }: RawEntry): void {
    const id = this.names.get(key) ?? '';
    if (kind === 1) this.names.set(key, content.toString());
    else if (kind === 4) this.machine.push(JSON.parse(content.toString()) as Told['machine'][number]);
    else {
      assert.notEqual(id, '', 'a key that was not named');
      this.order.push(kind === 2 ? 'sample' : 'gap');
      if (kind === 2) put(this.samples, id, content.readDoubleBE(0));
      else put(this.gaps, id, (JSON.parse(content.toString()) as { reason: string }).reason);
    }
  }
}

function put<T>(map: Map<string, T[]>, id: string, value: T): void {
  map.set(id, [...(map.get(id) ?? []), value]);
}

describe('agent: figures', () => {
  let fixture: AgentFixture;

  beforeEach(async () => (fixture = await AgentFixture.make({}, { statsIntervalMs: INTERVAL_MS })));
  afterEach(() => fixture.dispose());

  async function ask(client: RawClient, action: string, data: object): Promise<Message> {
    return client.command('metrics', action, data);
  }

  async function start(
    client: RawClient,
    ids: readonly string[],
    wish: { readonly machine?: boolean; readonly credit?: number } = {},
  ): Promise<number> {
    const { machine = false, credit = CREDIT } = wish;
    const stream = client.newStream(credit);
    const response = await ask(client, 'start_metrics_stream', {
      stream,
      container_ids: ids,
      machine,
      credit,
    });
    assert.equal(response.status, 'done', JSON.stringify(response.error));
    return stream;
  }

  async function readHistory(client: RawClient, ids: readonly string[], machine = false): Promise<number> {
    const stream = client.newStream();
    const range = { fromMs: 0, toMs: Date.now() + 60_000, maxPoints: 1_000 };
    const data = { stream, container_ids: ids, machine, ...range, credit: 2_097_152 };
    const response = await ask(client, 'read_metrics_history', data);
    assert.equal(response.status, 'done', JSON.stringify(response.error));
    await client.until('the end', () => client.framesOf(stream).at(-1)?.type === 18);
    return stream;
  }

  it('take one stream of the engine for each of 50 containers, whatever the number of clients', async () => {
    const ids = fixture.engine.bulkRunning(50).map(({ id }) => id);
    const clients = await Promise.all(Array.from({ length: 6 }, () => fixture.open()));
    assert.equal(fixture.engine.count('stats'), 0);
    const streams = await Promise.all(clients.map((client) => start(client, ids, { machine: true })));
    const told = (index: number): Told => {
      const client = clients[index] ?? assert.fail();
      return new Told(client, streams[index] ?? 0);
    };
    await eventually('everybody has values of all', () =>
      clients.every((_client, index) => {
        const { samples, machine } = told(index);
        return ids.every((id) => (samples.get(id)?.length ?? 0) >= 2) && machine.length >= 2;
      }),
    );
    assert.equal(fixture.engine.count('stats'), 50);
    assert.equal(fixture.engine.openStreams('stats'), 50);
    assert.equal(fixture.engine.count('info'), 1);
    assert.equal(fixture.engine.count('images'), 1);
    for (const [index, client] of clients.entries()) {
      if (index % 2 === 0) client.close();
      else void ask(client, 'stop_metrics_stream', { stream: streams[index] });
    }
    const stoppedAtMs = Date.now();
    await fixture.engine.whenOpenStreams('stats', 0);
    assert.ok(Date.now() - stoppedAtMs < STOPPING_MS);
    assert.equal(fixture.engine.count('stats'), 50);
  });

  it('change what they are about, and go on with what they were about already', async () => {
    const [first, second] = fixture.engine.bulkRunning(2);
    assert.ok(first && second);
    const client = await fixture.open();
    const stream = await start(client, [first.id]);
    const samplesOf = (id: string): number => new Told(client, stream).samples.get(id)?.length ?? 0;
    await client.until('the first', () => samplesOf(first.id) >= 1);
    await ask(client, 'change_metrics_stream', {
      stream,
      container_ids: [first.id, second.id],
      machine: false,
    });
    await client.until('the second', () => samplesOf(second.id) >= 1);
    assert.equal(fixture.engine.count('stats'), 2);
    await ask(client, 'change_metrics_stream', { stream, container_ids: [second.id], machine: false });
    await fixture.engine.whenOpenStreams('stats', 1);
    const count = samplesOf(first.id);
    const before = samplesOf(second.id);
    await client.until('more of the second', () => samplesOf(second.id) >= before + 2);
    assert.equal(samplesOf(first.id), count);
    await ask(client, 'change_metrics_stream', { stream, container_ids: [first.id], machine: false });
    await client.until('the first again, under another key', () => samplesOf(first.id) > count);
  });

  it('wait as the newest of each container for a client without credit, after a gap that was', async () => {
    const { id } = fixture.engine.run({ name: 'web' });
    const other = await fixture.open();
    const watching = await start(other, [id]);
    const client = await fixture.open();
    const stream = await start(client, [id], { credit: 1 });
    client.stall(stream);
    await client.until('one frame', () => client.framesOf(stream).length === 1);
    fixture.engine.stop(id);
    const toldOther = (): Told => new Told(other, watching);
    await other.until('not running', () => toldOther().gaps.get(id)?.at(-1) === 'notRunning');
    fixture.engine.start(id);
    const before = toldOther().samples.get(id)?.length ?? 0;
    await other.until('many samples', () => (toldOther().samples.get(id)?.length ?? 0) >= before + 12);
    assert.equal(client.framesOf(stream).length, 1);
    client.unstall(stream);
    await client.until('the rest', () => client.framesOf(stream).length >= 2);
    const [, next] = client.framesOf(stream);
    assert.ok(next);
    const kinds = readEntries(next).map(({ kind }) => kind);
    assert.deepEqual(kinds, [3, 2]);
    const newest = readEntries(next)[1]?.content.readDoubleBE(0) ?? 0;
    assert.ok(newest >= (toldOther().samples.get(id)?.at(-3) ?? Number.POSITIVE_INFINITY));
  });

  it('go on with their session after a cut', async () => {
    const { id } = fixture.engine.run({ name: 'web' });
    const client = await fixture.open();
    const stream = await start(client, [id]);
    await client.until('samples', () => (new Told(client, stream).samples.get(id)?.length ?? 0) >= 2);
    client.cut();
    const again = await fixture.comeBack(client);
    await again.until('more', () => again.framesOf(stream).length >= 3);
    assert.equal(fixture.engine.count('stats'), 1);
  });

  it('are remembered for whoever comes later', async () => {
    const [watched, other] = fixture.engine.bulkRunning(2);
    assert.ok(watched && other);
    const client = await fixture.open();
    const stream = await start(client, [watched.id], { machine: true });
    await client.until('samples', () => (new Told(client, stream).samples.get(watched.id)?.length ?? 0) >= 3);
    const later = await fixture.open();
    const reading = await readHistory(later, [other.id, watched.id, 'f'.repeat(64)], true);
    const bodies = later.framesOf(reading).map(({ body }) => body);
    assert.deepEqual(
      later.framesOf(reading).map(({ type }) => type),
      [17, 17, 18],
    );
    const [machine, container, end] = bodies;
    assert.ok(machine && container && end);
    assert.deepEqual([machine[0], machine[1], machine[3]], [2, 5, 0]);
    assert.deepEqual([container[0], container[1], container[3]], [1, 7, 64]);
    assert.equal(container.subarray(8, 72).toString(), watched.id);
    const points = container.readUInt32BE(4);
    const lines = container[2] ?? 0;
    assert.ok(points >= 1);
    assert.equal(container.length, 72 + points * (8 + 7 * lines * 4));
    assert.ok(container.readFloatBE(72 + points * 8 + points * lines * 4) > 1_000_000, 'memory');
    assert.equal(end.toString(), '{}');
  });

  it('are remembered after everybody has left', async () => {
    const { id } = fixture.engine.run({ name: 'web' });
    const client = await fixture.open();
    const stream = await start(client, [id]);
    await client.until('samples', () => (new Told(client, stream).samples.get(id)?.length ?? 0) >= 2);
    client.close();
    await fixture.engine.whenOpenStreams('events', 0);
    const later = await fixture.open();
    const reading = await readHistory(later, [id]);
    assert.deepEqual(
      later.framesOf(reading).map(({ type }) => type),
      [17, 18],
    );
    assert.equal(fixture.engine.count('stats'), 1);
  });

  it('are nothing outside the scope of the token', async () => {
    const hidden = fixture.engine.run({ name: 'hidden' });
    const shown = fixture.engine.run({ name: 'shown', labels: { team: 'web' } });
    fixture.engine.create({ name: 'idle', labels: { team: 'web' } });
    const all = await fixture.open();
    const everything = await start(all, [hidden.id]);
    await all.until('samples', () => (new Told(all, everything).samples.get(hidden.id)?.length ?? 0) >= 1);
    const scope = { projects: [], labels: [{ name: 'team', value: 'web' }] };
    const token = await fixture.agent.addToken({ role: 'viewer', scope });
    const client = await fixture.open(fixture.targetOf(token));
    const stream = await start(client, [hidden.id, shown.id], { machine: true });
    const told = (): Told => new Told(client, stream);
    await client.until('the visible one, and the machine', () => {
      const { samples, machine } = told();
      return (samples.get(shown.id)?.length ?? 0) >= 2 && machine.at(-1)?.kind === 'sample';
    });
    assert.equal(told().samples.get(hidden.id), undefined);
    assert.deepEqual(told().gaps.get(hidden.id), ['removed']);
    // Each container of the fake engine has an image of its own.
    assert.deepEqual(told().machine.at(-1)?.counts, { containersRunning: 1, containersTotal: 2, images: 2 });
    const reading = await readHistory(client, [hidden.id, shown.id]);
    assert.deepEqual(
      client.framesOf(reading).map(({ type }) => type),
      [17, 18],
    );
    const later = fixture.engine.run({ name: 'later', labels: { team: 'web' } });
    await ask(client, 'change_metrics_stream', { stream, container_ids: [later.id], machine: false });
    await client.until('one that came later', () => (told().samples.get(later.id)?.length ?? 0) >= 1);
  });

  it('are refused by code, and written into the audit log', async () => {
    const { id } = fixture.engine.run({ name: 'web' });
    const client = await fixture.open();
    const data = { stream: client.newStream(), container_ids: [id], machine: false, credit: CREDIT };
    const tooMany = Array.from({ length: 1_001 }, (_, index) => String(index));
    const refused = async (action: string, change: object): Promise<string | undefined> =>
      (await ask(client, action, { ...data, ...change })).error?.code;
    assert.equal(await refused('change_metrics_stream', {}), 'noSuchStream');
    assert.equal(await refused('stop_metrics_stream', {}), 'noSuchStream');
    assert.equal(await refused('start_metrics_stream', { container_ids: tooMany }), 'badRequest');
    const range = { fromMs: 0, toMs: 1, maxPoints: 10 };
    for (const wrong of [{ maxPoints: 0 }, { maxPoints: 5_000 }, { fromMs: -1 }, { toMs: 1.5 }])
      assert.equal(await refused('read_metrics_history', { ...range, ...wrong }), 'badRequest');
    for (let count = 0; count < 16; count++) await start(client, [id]);
    const stream = client.newStream();
    assert.equal(await refused('start_metrics_stream', { stream }), 'tooManyStreams');
    const audit = readFileSync(fixture.agent.state.auditFile, 'utf8').trim().split('\n');
    const noted = audit.map((line) => JSON.parse(line) as { action: string; details?: object });
    const metrics = noted.filter(({ action }) => action === 'metrics');
    assert.equal(metrics.length, 16);
    assert.deepEqual(metrics[0]?.details, { containers: 1, machine: false });
  });
});
