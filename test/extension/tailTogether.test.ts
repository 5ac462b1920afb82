import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Emitter } from '../../src/base/emitter';
import { EngineError } from '../../src/engine/engine';
import type { Container } from '../../src/model/container';
import type { LogBatch, LogPlace } from '../../src/model/log';
import type { LogFilter } from '../../src/model/logFilter';
import { MERGE_WINDOW_MS } from '../../src/model/logMerge';
import type { Host } from '../../src/vscode/hosts/host';
import { HostRegistry } from '../../src/vscode/hosts/hostRegistry';
import { hostReplacements } from '../../src/vscode/hosts/hostReplaced';
import { MOST_MEMBERS } from '../../src/vscode/logs/mergedTail';
import { MergedTails } from '../../src/vscode/logs/mergedTails';
import { setName, type TailSet } from '../../src/vscode/logs/mergedTailSet';
import { MergedTailTerminal } from '../../src/vscode/logs/mergedTailTerminal';
import { FakeClock } from '../doubles/fakeClock';
import { FakeTurns } from '../doubles/fakeTurns';
import { idFor, inProject, makeContainer, MemoryEngine, type FollowedLog } from '../doubles/memoryEngine';
import { checkForLeaks } from '../support/leaks';
import { extensionApi, rowNamed, useMemoryEngine } from './extensionApi';

const a = makeContainer('a');
const b = makeContainer('b');
const web = makeContainer('shop-web-1', inProject('shop', 'web'));
const database = makeContainer('shop-db-1', inProject('shop', 'db'));

/** One line, stamped so many milliseconds after some moment. */
function line(ms: number, text: string, place?: LogPlace): LogBatch {
  const timestamp = new Date(Date.UTC(2026, 10, 21) + ms).toISOString();
  return { lines: [{ timestamp, stream: 'stdout', text }], textLength: text.length, ...(place && { place }) };
}

/** What merged tails need, in memory, and what came of it. */
class World {
  readonly clock = new FakeClock();
  readonly hosts = new HostRegistry();
  readonly channels = new Map<string, string>();
  readonly filtersChanged = new Emitter<void>();
  filter: LogFilter | undefined;
  readonly tails = new MergedTails({
    openChannel: (name) => ({
      append: (text) => void this.channels.set(name, (this.channels.get(name) ?? '') + text),
      clear: () => void this.channels.set(name, ''),
      show: () => undefined,
      dispose: () => undefined,
    }),
    tailLines: () => 1,
    hasTimestamps: () => false,
    jsonStyle: () => 'raw',
    maxChannelLength: () => 1_000_000,
    filterFor: () => this.filter,
    onDidChangeFilters: this.filtersChanged.event,
    onHostReplaced: hostReplacements(this.hosts),
    clock: this.clock,
    turns: new FakeTurns(),
  });

  host(id: string, containers: readonly Container[]): Host & { readonly engine: MemoryEngine } {
    const engine = new MemoryEngine();
    const host = { id, name: id, engine };
    this.hosts.set(host);
    engine.connect();
    engine.becomeReady(containers);
    return host;
  }

  /** What the only channel, or the named one, shows after all waited that waits. */
  lines(name?: string): string[] {
    this.clock.advance(2_000);
    const [text = ''] = name === undefined ? [...this.channels.values()] : [this.channels.get(name)];
    return text.trimEnd().split('\n');
  }

  dispose(): void {
    this.tails.dispose();
    this.hosts.dispose();
    this.filtersChanged.dispose();
  }
}

function setOf(host: Host, ...containers: readonly Container[]): TailSet {
  return { targets: containers.map((container) => ({ host, container })), projects: [] };
}

function followOf(engine: MemoryEngine, id: string): FollowedLog {
  const follow = engine.follows.findLast((each) => each.id === id && !each.isStopped);
  assert.ok(follow, `nobody follows ${id}`);
  return follow;
}

describe('tailing logs together', () => {
  checkForLeaks();
  describe('a set of containers', setCases);
  describe('a project', projectCases);
  describe('on several hosts', hostCases);
  describe('with filters', filterCases);
});

/** A world for each test; to be called inside `describe`. */
function useWorld(): () => World {
  let world: World;
  beforeEach(() => void (world = new World()));
  afterEach(() => world.dispose());
  return () => world;
}

function setCases(): void {
  const world = useWorld();
  it('has one channel, used again whatever the order, and goes on undisturbed', () => {
    const { tails, channels } = world();
    const host = world().host('H', [a, b]);
    tails.tail(setOf(host, a, b));
    tails.tail(setOf(host, b, a));
    assert.deepEqual([...channels.keys()], ['a, b · H']);
    assert.deepEqual(
      host.engine.follows.map(({ id, request, isStopped }) => [id, request, isStopped]),
      [a, b].map(({ id }) => [id, { tail: 1, follow: true }, false]),
    );
  });

  it('shows lines ordered by time, with their labels', () => {
    const host = world().host('H', [a, b]);
    world().tails.tail(setOf(host, a, b));
    void followOf(host.engine, b.id).sink.lines(line(20, 'second'));
    void followOf(host.engine, a.id).sink.lines(line(10, 'first'));
    assert.deepEqual(world().lines(), ['a ┃ first', 'b ║ second']);
  });

  it('waits for a silent one no longer than the window, and for a killed one not at all', () => {
    const host = world().host('H', [a, b]);
    world().tails.tail(setOf(host, a, b));
    world().clock.advance(2_000);
    void followOf(host.engine, a.id).sink.lines(line(10, 'one'));
    world().clock.advance(MERGE_WINDOW_MS + 50);
    assert.equal(world().channels.get('a, b · H'), 'a ┃ one\n');
    followOf(host.engine, b.id).sink.marker({ kind: 'stopped', exitCode: 137, outOfMemory: false });
    void followOf(host.engine, a.id).sink.lines(line(20, 'two'));
    world().clock.advance(50);
    assert.equal(
      world().channels.get('a, b · H'),
      'a ┃ one\nb ║ ── stopped, exit 137 ──\na ┃ two\n',
      'as soon as a channel shows anything',
    );
  });

  it('goes on under the same label with a container created anew', () => {
    const host = world().host('H', [a, b]);
    world().tails.tail(setOf(host, a, b));
    const { sink } = followOf(host.engine, b.id);
    sink.marker({ kind: 'removed' });
    sink.marker({ kind: 'recreated', containerId: 'new' });
    void sink.lines(line(10, 'here again'));
    assert.deepEqual(world().lines(), [
      'b ║ ── the container was removed ──',
      'b ║ ── created anew ──',
      'b ║ here again',
    ]);
    assert.deepEqual(
      [world().tails.isTailing('H', b.id), world().tails.isTailing('H', 'new')],
      [false, true],
    );
  });

  it('says whose log can not be read, and ends with the last', () => {
    const host = world().host('H', [a, b]);
    world().tails.tail(setOf(host, a, b));
    followOf(host.engine, a.id).sink.ended(new EngineError('notSupported', 'no such log'));
    assert.deepEqual(world().lines(), [
      'a ┃ ── the log can not be read: this engine cannot do that (no such log) ──',
    ]);
    assert.deepEqual([world().tails.isTailing('H', a.id), world().tails.isTailing('H', b.id)], [false, true]);
    followOf(host.engine, b.id).sink.ended(new EngineError('notSupported', 'no such log'));
    assert.equal(world().tails.tailed.length, 0);
  });

  it('is stopped as one, after what waits', () => {
    const host = world().host('H', [a, b]);
    world().tails.tail(setOf(host, a, b));
    void followOf(host.engine, a.id).sink.lines(line(10, 'last words'));
    const [tailed] = world().tails.tailsOf('H', b.id);
    assert.ok(tailed);
    world().tails.stop(tailed);
    assert.deepEqual(world().lines(), ['a ┃ last words', '── no longer tailing ──']);
    assert.ok(host.engine.follows.every(({ isStopped }) => isStopped));
    assert.equal(world().clock.pendingTimers, 0);
    world().tails.tail(setOf(host, a, b));
    assert.deepEqual(world().lines(), [''], 'the next one begins anew');
  });

  it('follows no more than it may, and says how many it does not', () => {
    const many = Array.from({ length: MOST_MEMBERS + 2 }, (_, index) => makeContainer(`c${index}`));
    const host = world().host('H', many);
    world().tails.tail(setOf(host, ...many));
    assert.equal(host.engine.follows.length, MOST_MEMBERS);
    assert.deepEqual(world().lines(), [`── 2 more containers are not tailed: ${MOST_MEMBERS} at most ──`]);
  });

  it('counts those that join when there is no room', () => {
    const of = (replica: number): Container =>
      makeContainer(`w${replica}`, inProject('shop', 'web', replica));
    const full = Array.from({ length: MOST_MEMBERS }, (_, index) => of(index));
    const host = world().host('H', full);
    world().tails.tail({ ...setOf(host, ...full), projects: [{ host, project: 'shop' }] });
    host.engine.update(of(MOST_MEMBERS), of(MOST_MEMBERS + 1));
    host.engine.update(of(MOST_MEMBERS));
    assert.equal(host.engine.follows.length, MOST_MEMBERS);
    assert.deepEqual(
      world()
        .lines()
        .map((text) => /\d+ more/.exec(text)?.[0]),
      ['1 more', '2 more'],
    );
  });

  it('has a name that tells what is in it', () => {
    const host = world().host('H', []);
    const five = ['a', 'b', 'c', 'd', 'e'].map((name) => makeContainer(name));
    assert.equal(setName(setOf(host, ...five)), 'a, b, c and 2 more · H');
    world().tails.tail(setOf(host, ...five));
    world().tails.tail(setOf(host, ...five.slice(0, 4), makeContainer('f')));
    assert.deepEqual(
      world().tails.tailed.map(({ name }) => name),
      ['a, b, c and 2 more · H', 'a, b, c and 2 more · H #2'],
    );
  });

  it('shows them in a terminal, too', () => {
    const host = world().host('H', [a, b]);
    const { clock, hosts } = world();
    const terminal = new MergedTailTerminal(setOf(host, a, b), {
      tailLines: 1,
      hasTimestamps: false,
      filterFor: () => undefined,
      onHostReplaced: hostReplacements(hosts),
      clock,
    });
    let output = '';
    terminal.onDidWrite((text) => (output += text));
    terminal.open();
    void followOf(host.engine, a.id).sink.lines(line(10, '\u001b[31mred'));
    followOf(host.engine, b.id).sink.marker({ kind: 'started' });
    clock.advance(2_000);
    assert.deepEqual(output.split('\r\n'), [
      '\u001b[0m\u001b[33mb ║\u001b[0m \u001b[0m\u001b[2m── started again ──\u001b[0m',
      '\u001b[0m\u001b[36ma ┃\u001b[0m \u001b[31mred',
      '',
    ]);
    terminal.close();
    assert.ok(host.engine.follows.every(({ isStopped }) => isStopped));
  });
}

function projectCases(): void {
  const world = useWorld();
  const projectOn = (host: Host, ...containers: readonly Container[]): TailSet => ({
    ...setOf(host, ...containers),
    projects: [{ host, project: 'shop' }],
  });

  it('takes in what joins it, from its first line on', () => {
    const host = world().host('H', [web, a]);
    world().tails.tail(projectOn(host, web));
    const second = makeContainer('shop-web-2', inProject('shop', 'web', 2));
    host.engine.update(second, makeContainer('blog-web-1', inProject('blog', 'web')));
    host.engine.update({ ...second, state: 'exited' });
    host.engine.list([web, second, database]);
    assert.deepEqual(
      host.engine.follows.map(({ id, request }) => [id, request.tail]),
      [
        [web.id, 1],
        [second.id, 'all'],
        [database.id, 'all'],
      ],
    );
    void followOf(host.engine, second.id).sink.lines(line(10, 'x'));
    assert.deepEqual(world().lines('shop (project) · H'), [
      'web-2 ║ ── new in the project ──',
      'db-1  ┇ ── new in the project ──',
      'web-2 ║ x',
    ]);
  });

  it('leaves it to the reader to find the successor, and leaves out what runs once', () => {
    const host = world().host('H', [web]);
    world().tails.tail(projectOn(host, web));
    const renamed = makeContainer('0a1b_shop-web-1', inProject('shop', 'web'));
    const labels = { 'com.docker.compose.oneoff': 'True' };
    host.engine.update(renamed);
    assert.equal(host.engine.follows.length, 1);
    host.engine.update(makeContainer('shop-web-run-1', { ...inProject('shop', 'web'), labels }));
    assert.equal(host.engine.follows.length, 1);
  });

  it('reads a successor whose predecessor could not be read', () => {
    const host = world().host('H', [web]);
    world().tails.tail(projectOn(host, web));
    followOf(host.engine, web.id).sink.ended(new EngineError('notSupported', 'none'));
    assert.equal(world().tails.tailed.length, 1, 'the project may get others');
    host.engine.update({ ...web, id: idFor('other') });
    void followOf(host.engine, idFor('other')).sink.lines(line(10, 'x'));
    assert.deepEqual(world().lines().slice(1), ['web-1 ┃ ── created anew ──', 'web-1 ┃ x']);
  });

  it('is the same set whatever containers it has, and another one than those containers', () => {
    const host = world().host('H', [web, database]);
    world().tails.tail(projectOn(host, web));
    world().tails.tail(projectOn(host, web, database));
    world().tails.tail(setOf(host, web, database));
    assert.deepEqual([...world().channels.keys()], ['shop (project) · H', 'web-1, db-1 · H']);
  });
}

function hostCases(): void {
  const world = useWorld();
  const both = (): { near: ReturnType<World['host']>; far: ReturnType<World['host']> } => {
    const near = world().host('near', [a]);
    const far = world().host('far', [a]);
    const targets = [near, far].map((host) => ({ host, container: a }));
    world().tails.tail({ targets, projects: [] });
    return { near, far };
  };

  it('names the host in each label', () => {
    const { near, far } = both();
    void followOf(near.engine, a.id).sink.lines(line(10, 'x'));
    void followOf(far.engine, a.id).sink.lines(line(5, 'y'));
    assert.deepEqual(world().lines('a@near, a@far · near, far'), ['a@far  ║ y', 'a@near ┃ x']);
  });

  it('is not held up by a host that is away', () => {
    const { near, far } = both();
    followOf(far.engine, a.id).sink.marker({ kind: 'connectionLost', reason: '' });
    void followOf(near.engine, a.id).sink.lines(line(10, 'x'));
    world().clock.advance(50);
    assert.match([...world().channels.values()].join(''), /^a@far {2}║ ── connection .* ──\na@near ┃ x\n$/);
  });

  it('goes on without a host that has another engine now, and ends with the last', () => {
    const { near } = both();
    world().host('far', [a]);
    void followOf(near.engine, a.id).sink.lines(line(10, 'x'));
    const replaced = '── no longer tailing: the host is connected to another engine now ──';
    assert.deepEqual(world().lines(), [`a@far  ║ ${replaced}`, 'a@near ┃ x']);
    world().hosts.remove('near');
    const gone = '── no longer tailing: the host is no longer connected ──';
    assert.deepEqual(world().lines().at(-1), `a@near ┃ ${gone}`);
    assert.equal(world().tails.tailed.length, 0);
  });
}

function filterCases(): void {
  const world = useWorld();
  const filter: LogFilter = {
    include: [{ kind: 'text', text: 'x', matchCase: false }],
    exclude: [],
    contextLines: 0,
  };

  it('reads each container with its filter, and says so', () => {
    const host = world().host('H', [a, b]);
    world().filter = filter;
    world().tails.tail(setOf(host, a, b));
    assert.deepEqual(
      host.engine.follows.map(({ request }) => request.filter),
      [filter, filter],
    );
    void followOf(host.engine, a.id).sink.lines(line(10, 'y'));
    void followOf(host.engine, a.id).sink.lines(line(20, 'x'));
    assert.deepEqual(world().lines(), ['a ┃ ── filter: "x" ──', 'b ║ ── filter: "x" ──', 'a ┃ x']);
  });

  it('goes on where it is when the filter is another one', () => {
    const host = world().host('H', [a, b]);
    const place: LogPlace = {
      cursor: { containerId: a.id, timestamp: '', stream: 'stdout', ordinal: 1, hash: 0 },
      runStartedAt: '',
      identity: { name: 'a' },
    };
    world().tails.tail(setOf(host, a, b));
    void followOf(host.engine, a.id).sink.lines(line(10, 'y', place));
    world().filter = filter;
    world().filtersChanged.fire();
    assert.deepEqual(followOf(host.engine, a.id).request, { tail: 0, follow: true, resumeAt: place, filter });
    world().filter = undefined;
    world().filtersChanged.fire();
    world().filtersChanged.fire();
    assert.equal(host.engine.follows.filter(({ id }) => id === a.id).length, 3);
    const ofA = world()
      .lines()
      .filter((text) => text.startsWith('a '));
    assert.deepEqual(ofA, ['a ┃ y', 'a ┃ ── filter: "x" ──', 'a ┃ ── filter cleared ──']);
  });
}

describe('commands to tail together', () => {
  it('tail a selection as one, mark its rows, and stop by any of them', async () => {
    const api = await extensionApi();
    const engine = await useMemoryEngine(api, [a, b, web, database]);
    const nodes = ['a', 'b'].map((name) => rowNamed(api, name).node);
    const contextOf = (name: string): string => String(rowNamed(api, name).item.contextValue);
    await vscode.commands.executeCommand('quaywatch.tailTogether', nodes[0], nodes);
    assert.deepEqual(
      engine.follows.map(({ id }) => id),
      [a.id, b.id],
    );
    assert.match(contextOf('b'), /;tailing;/);
    await vscode.commands.executeCommand('quaywatch.stopTailing', nodes[1]);
    assert.ok(engine.follows.every(({ isStopped }) => isStopped));
    assert.match(contextOf('a'), /;canTail;/);
  });

  it('tail a project with what joins it, and end when the engine is replaced', async () => {
    const api = await extensionApi();
    const engine = await useMemoryEngine(api, [web, a]);
    await vscode.commands.executeCommand('quaywatch.tailProjectTogether', rowNamed(api, 'shop').node);
    engine.update(database);
    assert.deepEqual(
      engine.follows.map(({ id }) => id),
      [web.id, database.id],
    );
    await useMemoryEngine(api, [web]);
    assert.ok(engine.follows.every(({ isStopped }) => isStopped));
  });

  it('tail a single container in its own channel', async () => {
    const api = await extensionApi();
    const engine = await useMemoryEngine(api, [a]);
    const { node } = rowNamed(api, 'a');
    await vscode.commands.executeCommand('quaywatch.tailTogether', node);
    await vscode.commands.executeCommand('quaywatch.tailLogs', node);
    assert.equal(engine.follows.length, 1, 'it is the one that Tail Logs knows');
    await vscode.commands.executeCommand('quaywatch.stopTailing', node);
  });
});
