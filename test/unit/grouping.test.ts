import assert from 'node:assert/strict';
import type { Container } from '../../src/model/container';
import { compileFilter } from '../../src/model/containerFilter';
import { ContainerGroups } from '../../src/model/grouping';
import { compareSingles, SortedContainers } from '../../src/model/groupingOrder';
import { idFor, inProject, makeContainer } from '../doubles/memoryEngine';

const shop = [
  makeContainer('shop-web-2', inProject('shop', 'web', 2)),
  makeContainer('shop-web-10', inProject('shop', 'web', 10)),
  makeContainer('shop-db-1', { ...inProject('shop', 'db'), health: 'unhealthy' }),
  makeContainer('shop-job-1', {
    ...inProject('shop', 'job'),
    state: 'exited',
    exitCode: 0,
    health: 'unhealthy',
  }),
];
const singles = [
  makeContainer('zeta'),
  makeContainer('alpha', { state: 'exited' }),
  makeContainer('beta', { state: 'paused' }),
];

function groupsOf(
  containers: readonly Container[],
  filter = { text: '', hideStopped: false },
): ContainerGroups {
  const groups = new ContainerGroups(compileFilter(filter));
  groups.replaceAll(containers);
  return groups;
}

function names(containers: readonly Container[]): string[] {
  return containers.map(({ name }) => name);
}

describe('ContainerGroups', () => {
  it('orders a project by service and replica, and singles by activity and name', () => {
    const groups = groupsOf([...singles, ...shop]);
    assert.deepEqual(names(groups.shown('shop', 0, 9)), [
      'shop-db-1',
      'shop-job-1',
      'shop-web-2',
      'shop-web-10',
    ]);
    assert.deepEqual(names(groups.shown(undefined, 0, 9)), ['beta', 'zeta', 'alpha']);
  });

  it('counts only a running container as unhealthy', () => {
    const aggregate = groupsOf(shop).aggregateOf('shop');
    assert.deepEqual(aggregate, { total: 4, running: 3, active: 3, unhealthy: 1 });
  });

  it('tells of nothing but the container when it changed in place', () => {
    const groups = groupsOf([...singles, ...shop]);
    const delta = groups.apply([makeContainer('zeta', { image: 'other' })], []);
    assert.deepEqual([...delta.changed], [idFor('zeta')]);
    assert.deepEqual([delta.moved.size, delta.aggregates.size, delta.projects], [0, 0, false]);
  });

  it('tells of the aggregate when a member of a project stops, and moves nothing', () => {
    const groups = groupsOf(shop);
    const stopped = makeContainer('shop-web-2', { ...inProject('shop', 'web', 2), state: 'exited' });
    const delta = groups.apply([stopped], []);
    assert.deepEqual([...delta.changed], [stopped.id]);
    assert.deepEqual([...delta.aggregates], ['shop']);
    assert.deepEqual([delta.moved.size, delta.projects], [0, false]);
  });

  it('tells where rows moved when a single container stops', () => {
    const groups = groupsOf(singles);
    const delta = groups.apply([makeContainer('beta', { state: 'exited' })], []);
    assert.deepEqual(names(groups.shown(undefined, 0, 9)), ['zeta', 'alpha', 'beta']);
    assert.deepEqual([...delta.moved], [[undefined, 0]]);
  });

  it('tells when a project comes and when its last container goes', () => {
    const groups = groupsOf([]);
    assert.equal(groups.apply([shop[0] ?? assert.fail()], []).projects, true);
    assert.deepEqual(groups.projectNames, ['shop']);
    assert.equal(groups.apply([], [idFor('shop-web-2')]).projects, true);
    assert.deepEqual(groups.projectNames, []);
    assert.equal(groups.aggregateOf('shop'), undefined);
  });

  it('counts hidden containers, but shows no project of which all is hidden', () => {
    const groups = groupsOf(
      shop.filter(({ state }) => state === 'exited'),
      { text: '', hideStopped: true },
    );
    assert.deepEqual(groups.projectNames, []);
    assert.equal(groups.total.total, 1);
    assert.equal(groups.shownCount, 0);
  });

  it('shows a container as soon as it matches the filter, and no longer than that', () => {
    const groups = groupsOf(singles, { text: '', hideStopped: true });
    assert.deepEqual(names(groups.shown(undefined, 0, 9)), ['beta', 'zeta']);
    const delta = groups.apply([makeContainer('alpha')], []);
    assert.deepEqual([...delta.moved.keys()], [undefined]);
    assert.deepEqual(names(groups.shown(undefined, 0, 9)), ['alpha', 'beta', 'zeta']);
    groups.apply([makeContainer('zeta', { state: 'dead' })], []);
    assert.deepEqual(names(groups.shown(undefined, 0, 9)), ['alpha', 'beta']);
  });

  it('moves a container that changed its project', () => {
    const groups = groupsOf([...shop, ...singles]);
    const delta = groups.apply([makeContainer('zeta', inProject('shop', 'zeta'))], []);
    assert.equal(groups.projectOf(idFor('zeta')), 'shop');
    assert.deepEqual(names(groups.shown(undefined, 0, 9)), ['beta', 'alpha']);
    assert.deepEqual([...delta.moved.keys()].sort(), ['shop', undefined]);
  });

  it('stays equal to sorting anew through a long random history', () => {
    const random = seeded(7);
    const groups = groupsOf([]);
    const expected = new Map<string, Container>();
    for (let step = 0; step < 5_000; step += 1) {
      const name = `c${Math.floor(random() * 80)}`;
      const state = random() < 0.5 ? 'running' : 'exited';
      const container = makeContainer(name, { state, image: `i${step}` });
      if (random() < 0.2) {
        expected.delete(container.id);
        groups.apply([], [container.id]);
      } else {
        expected.set(container.id, container);
        groups.apply([container], []);
      }
    }
    const anew = [...expected.values()].sort(compareSingles);
    assert.deepEqual(groups.shown(undefined, 0, 999), anew);
    assert.equal(groups.total.running, anew.filter(({ state }) => state === 'running').length);
  });
});

describe('SortedContainers', () => {
  it('does not remove one that only compares equal', () => {
    const sorted = new SortedContainers(() => 0);
    sorted.insert(makeContainer('a'));
    assert.equal(sorted.remove(makeContainer('b')), undefined);
    assert.equal(sorted.length, 1);
  });
});

/** A small linear congruential generator, so that a failure can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
