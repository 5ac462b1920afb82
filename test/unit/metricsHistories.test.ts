import assert from 'node:assert/strict';
import { MetricHistories } from '../../src/model/metricsHistories';
import { makeSample } from '../doubles/memoryMetrics';

const SECOND_MS = 1_000;

function fill(histories: MetricHistories, id: string, seconds: number): void {
  for (let second = 1; second <= seconds; second++) {
    const sample = makeSample(second * SECOND_MS, { cpuPercent: second });
    histories.note(id, { kind: 'sample', sample });
  }
}

const valuesOf = (histories: MetricHistories, id: string): readonly number[] | undefined => {
  const chart = histories.read(id, 0, 2_000_000, 10_000);
  return chart && [...chart.lines.cpuPercent.mean];
};

describe('the histories of many containers', () => {
  it('keep samples and gaps of each, until it is removed', () => {
    const histories = new MetricHistories();
    fill(histories, 'a', 3);
    histories.note('a', { kind: 'gap', gap: { reason: 'notRunning' } });
    histories.addGap('a');
    histories.note('b', { kind: 'gap', gap: { reason: 'disconnected' } });
    fill(histories, 'c', 1);
    assert.deepEqual(valuesOf(histories, 'a'), [1, 2, 3, Number.NaN]);
    assert.equal(valuesOf(histories, 'b'), undefined);
    histories.note('a', { kind: 'gap', gap: { reason: 'removed' } });
    assert.equal(valuesOf(histories, 'a'), undefined);
    histories.keepOnly((id) => id === 'b');
    assert.equal(histories.size, 0);
    assert.equal(histories.memoryBytes, 0);
  });

  it('forget what got nothing for longest where there are too many', () => {
    const histories = new MetricHistories(3);
    for (const id of ['a', 'b', 'c']) fill(histories, id, 1);
    fill(histories, 'a', 2);
    fill(histories, 'd', 1);
    assert.equal(histories.size, 3);
    assert.equal(valuesOf(histories, 'b'), undefined);
    assert.ok(valuesOf(histories, 'a') && valuesOf(histories, 'c') && valuesOf(histories, 'd'));
  });

  it('stay within their memory, which they count exactly', () => {
    const maxBytes = 400_000;
    const histories = new MetricHistories(1_000, maxBytes);
    for (let container = 0; container < 40; container++) {
      fill(histories, String(container), 1_200);
      assert.ok(histories.memoryBytes <= maxBytes);
    }
    assert.ok(histories.size >= 3 && histories.size < 40);
    assert.ok(valuesOf(histories, '39'));
    histories.keepOnly(() => false);
    assert.equal(histories.memoryBytes, 0);
  });
});
