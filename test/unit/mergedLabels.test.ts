import assert from 'node:assert/strict';
import type { Container } from '../../src/model/container';
import { MAX_LABEL_LENGTH, MergedLabels } from '../../src/model/mergedLabels';
import { inProject, makeContainer } from '../doubles/memoryEngine';

const on = (hostName: string, container: Container) => ({ hostName, container });
const service = (name: string, project: string, of: string, replica = 1): Container =>
  makeContainer(name, inProject(project, of, replica));

describe('MergedLabels', () => {
  it('calls containers by name, and those of Compose by service and replica', () => {
    const labels = new MergedLabels(false).assign([
      on('H', makeContainer('proxy')),
      on('H', service('shop-web-1', 'shop', 'web')),
      on('H', service('shop-web-2', 'shop', 'web', 2)),
    ]);
    assert.deepEqual(labels, ['proxy', 'web-1', 'web-2']);
  });

  it('names the host where hosts are mixed', () => {
    const labels = new MergedLabels(true).assign([
      on('Local', makeContainer('web')),
      on('prod', makeContainer('web')),
    ]);
    assert.deepEqual(labels, ['web@Local', 'web@prod']);
  });

  it('uses longer names for all that would share one', () => {
    const labels = new MergedLabels(false).assign([
      on('H', service('shop-web-1', 'shop', 'web')),
      on('H', service('blog-web-1', 'blog', 'web')),
      on('H', service('shop-db-1', 'shop', 'db')),
    ]);
    assert.deepEqual(labels, ['shop-web-1', 'blog-web-1', 'db-1']);
  });

  it('falls back to the host, and at last to the id', () => {
    const twin = makeContainer('web', { id: 'f'.repeat(64) });
    const labels = new MergedLabels(false).assign([
      on('one', makeContainer('web')),
      on('two', twin),
      on('two', { ...twin, id: 'e'.repeat(64) }),
    ]);
    assert.deepEqual(labels, ['web@one', 'web ffffffffffff', 'web eeeeeeeeeeee']);
  });

  it('never gives a label twice, nor another one to whom has one', () => {
    const labels = new MergedLabels(false);
    assert.deepEqual(labels.assign([on('H', service('shop-web-1', 'shop', 'web'))]), ['web-1']);
    assert.deepEqual(labels.assign([on('H', service('blog-web-1', 'blog', 'web'))]), ['blog-web-1']);
  });

  it('cuts long names in their middle, and keeps them apart', () => {
    const long = (end: string): Container => makeContainer(`a-container-with-a-very-long-name-${end}`);
    const labels = new MergedLabels(false).assign([on('H', long('one')), on('H', long('two'))]);
    assert.deepEqual(labels, ['a-container-wi…long-name-one', 'a-container-wi…long-name-two']);
    assert.ok(labels.every(({ length }) => length === MAX_LABEL_LENGTH));
    const same = (id: string): Container => makeContainer(`${'a'.repeat(30)}${id}${'b'.repeat(30)}`, { id });
    const cut = new MergedLabels(false).assign([on('H', same('1')), on('H', same('2'))]);
    assert.equal(new Set(cut).size, 2);
  });

  it('lets nothing of a name look like the bar behind it, or break the line', () => {
    const odd = makeContainer('x', { compose: { project: 'p', service: 'a┃b\nc│', replica: 1 } });
    assert.deepEqual(new MergedLabels(false).assign([on('H', odd)]), ['a-b c--1']);
    assert.deepEqual(new MergedLabels(false).assign([on('H', makeContainer('', { id: 'abc' }))]), ['abc']);
  });
});
