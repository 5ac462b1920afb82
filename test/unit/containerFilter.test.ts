import assert from 'node:assert/strict';
import { compileFilter, highlightRanges, matchesText } from '../../src/model/containerFilter';
import { inProject, makeContainer } from '../doubles/memoryEngine';

const web = makeContainer('shop-web-1', {
  ...inProject('shop', 'web'),
  image: 'nginx:1.27',
  health: 'healthy',
});
const job = makeContainer('nightly', { state: 'exited', image: 'python:3' });

describe('the container filter', () => {
  it('finds name, image, project, service, state and health, whatever the case', () => {
    for (const text of ['SHOP-web', 'nginx', 'shop', 'web', 'Running', 'healthy', '  nginx   shop ']) {
      assert.equal(matchesText(text)(web), true, text);
      assert.equal(matchesText(text)(job), false, text);
    }
  });

  it('wants all words, and none of those after ! or -', () => {
    assert.equal(matchesText('shop python')(web), false);
    assert.equal(matchesText('shop !nginx')(web), false);
    assert.equal(matchesText('shop -python')(web), true);
    assert.equal(matchesText('!')(web), true);
  });

  it('hides what is stopped, but not what is paused', () => {
    const isShown = compileFilter({ text: '', hideStopped: true });
    assert.equal(isShown(job), false);
    assert.equal(isShown(makeContainer('p', { state: 'paused' })), true);
  });

  it('joins overlapping highlights and highlights no excluded word', () => {
    assert.deepEqual(highlightRanges('Banana', 'ana nan !ban'), [[1, 5]]);
    assert.deepEqual(highlightRanges('a-b-a', 'a'), [
      [0, 1],
      [4, 5],
    ]);
    assert.deepEqual(highlightRanges('İx', 'x'), []);
  });
});
