import assert from 'node:assert/strict';
import { EngineError, EngineNotFoundError, type EngineErrorCode } from '../../src/engine/engine';
import type { Container } from '../../src/model/container';
import type { Host } from '../../src/vscode/hosts/host';
import { HostTree, PAGE_SIZE } from '../../src/vscode/tree/hostTree';
import type { Node } from '../../src/vscode/tree/nodes';
import { welcomeFor } from '../../src/vscode/tree/welcome';
import { idFor, inProject, makeContainer, MemoryEngine } from '../doubles/memoryEngine';

function hostWith(engine: MemoryEngine): Host {
  return { id: 'local', name: 'Local', engine };
}

function treeOf(count: number): HostTree {
  const engine = new MemoryEngine();
  const stopped = Array.from({ length: count }, (_, index) =>
    makeContainer(`s${String(index).padStart(6, '0')}`, { state: 'exited' }),
  );
  engine.becomeReady([makeContainer('web'), makeContainer('shop-db', inProject('shop', 'db')), ...stopped]);
  return new HostTree(hostWith(engine), () => true);
}

function ids(nodes: readonly Node[]): string[] {
  return nodes.map(({ id }) => id);
}

describe('HostTree', () => {
  it('gives ids of host and container only, and the same node each time', () => {
    const tree = treeOf(0);
    const rows = tree.children(tree.node);
    assert.deepEqual(ids(rows), ['local/project/shop', `local/container/${idFor('web')}`]);
    assert.deepEqual(tree.children(tree.node), rows);
    const stopped = makeContainer('web', { state: 'exited' });
    tree.apply([stopped], []);
    assert.equal(tree.children(tree.node)[1], rows[1]);
  });

  it('refreshes one row for one change', () => {
    const tree = treeOf(3);
    const web = tree.children(tree.node)[1];
    assert.deepEqual(tree.apply([makeContainer('web', { health: 'healthy' })], []), [web]);
  });

  it('refreshes the row and its project when the aggregate changed', () => {
    const tree = treeOf(0);
    const [project] = tree.children(tree.node);
    assert.ok(project?.kind === 'project');
    const [member] = tree.children(project);
    const stopped = makeContainer('shop-db', { ...inProject('shop', 'db'), state: 'exited' });
    assert.deepEqual(tree.apply([stopped], []), [project, member]);
  });

  it('refreshes only the parent when rows come, go or move', () => {
    const tree = treeOf(3);
    tree.children(tree.node);
    assert.deepEqual(tree.apply([makeContainer('new')], []), [tree.node]);
    assert.deepEqual(tree.apply([], [idFor('new')]), [tree.node]);
    assert.deepEqual(
      tree.apply([makeContainer('cache', inProject('shop', 'cache'))], []).map(({ kind }) => kind),
      ['project'],
    );
  });

  it('ends a long level with one row that offers more, and refreshes only that for what lies beyond', () => {
    const tree = treeOf(30_000);
    const rows = tree.children(tree.node);
    assert.equal(rows.length, PAGE_SIZE + 1);
    const more = rows.at(-1);
    assert.ok(more?.kind === 'more');
    assert.equal(tree.hiddenRows(undefined), 30_002 - PAGE_SIZE);
    assert.deepEqual(tree.apply([], [idFor('s020000')]), [more]);
    assert.deepEqual(tree.apply([makeContainer('s029999', { state: 'exited', exitCode: 1 })], []), []);
    assert.equal(tree.showMore(undefined), tree.node);
    assert.equal(tree.children(tree.node).length, 2 * PAGE_SIZE + 1);
  });

  it('refreshes the parent when a level outgrows its page, and when it no longer does', () => {
    const tree = treeOf(PAGE_SIZE - 2);
    assert.equal(tree.children(tree.node).at(-1)?.kind, 'container');
    const late = makeContainer('zzz', { state: 'exited' });
    assert.deepEqual(tree.apply([late], []), [tree.node]);
    assert.equal(tree.children(tree.node).at(-1)?.kind, 'more');
    assert.deepEqual(tree.apply([], [late.id]), [tree.node]);
  });

  it('opens projects only as long as few rows are open, and does not change its mind', () => {
    const engine = new MemoryEngine();
    const project = (name: string, count: number): Container[] =>
      Array.from({ length: count }, (_, index) =>
        makeContainer(`${name}${index}`, inProject(name, 's', index)),
      );
    engine.becomeReady([...project('a', 150), ...project('b', 100), ...project('c', 50)]);
    const tree = new HostTree(hostWith(engine), () => true);
    tree.children(tree.node);
    const open = (): boolean[] => ['a', 'b', 'c'].map((name) => tree.isOpenAtFirst(name));
    assert.deepEqual(open(), [true, false, true]);
    tree.apply(
      [],
      project('a', 150).map(({ id }) => id),
    );
    tree.children(tree.node);
    assert.deepEqual(open(), [false, false, true]);
  });

  it('applies 1,000 changes among 30,000 containers in well under a frame each', () => {
    const tree = treeOf(30_000);
    tree.children(tree.node);
    for (let index = 0; index < 1_000; index += 1) {
      const name = `s${String(index * 29).padStart(6, '0')}`;
      tree.apply([makeContainer(name, { state: index % 2 === 0 ? 'running' : 'exited' })], []);
    }
    assert.equal(tree.groups.total.running, 502);
  });
});

describe('the welcome', () => {
  const failing = (error: EngineError): Host => {
    const engine = new MemoryEngine();
    engine.fail(error);
    return hostWith(engine);
  };

  it('tells each failure by its code', () => {
    const expected: [EngineErrorCode, string][] = [
      ['permissionDenied', 'permissionDenied'],
      ['timeout', 'unreachable'],
      ['connectionLost', 'unreachable'],
      ['badResponse', 'failed'],
      ['tlsFailed', 'failed'],
    ];
    for (const [code, welcome] of expected)
      assert.equal(welcomeFor([failing(new EngineError(code, ''))], true), welcome);
    assert.equal(welcomeFor([failing(new EngineNotFoundError([]))], true), 'engineNotFound');
  });

  it('is none once anything is known, and trust comes before everything else', () => {
    const engine = new MemoryEngine();
    assert.equal(welcomeFor([hostWith(engine)], false), 'untrusted');
    assert.equal(welcomeFor([hostWith(engine)], true), 'connecting');
    engine.becomeReady([]);
    engine.fail();
    assert.equal(welcomeFor([hostWith(engine)], true), 'none');
  });

  it('keeps saying what failed while it is tried again', () => {
    const host = failing(new EngineError('permissionDenied', ''));
    host.engine.retryNow();
    assert.equal(welcomeFor([host], true), 'permissionDenied');
  });
});
