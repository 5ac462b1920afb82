import assert from 'node:assert/strict';
import type { ContainersChange, EngineConnection } from '../../src/engine/engine';
import { EngineError } from '../../src/engine/engine';
import { idFor, makeContainer, MemoryEngine } from '../doubles/memoryEngine';
import { makeMachineSample, makeSample, NO_COUNTS } from '../doubles/memoryMetrics';

describe('MemoryEngine', () => {
  it('connects once, and keeps its containers when the connection goes', () => {
    const engine = new MemoryEngine();
    const kinds: EngineConnection['kind'][] = [];
    engine.onDidChangeConnection(({ kind }) => kinds.push(kind));
    engine.connect();
    engine.connect();
    engine.becomeReady([makeContainer('a')]);
    engine.fail();
    engine.retryNow();
    assert.deepEqual(kinds, ['connecting', 'ready', 'waiting', 'connecting']);
    assert.equal(engine.containers?.size, 1);
    engine.dispose();
  });

  it('announces changes after they can be seen', () => {
    const engine = new MemoryEngine();
    const seen: [ContainersChange['kind'], number | undefined][] = [];
    engine.onDidChangeContainers(({ kind }) => seen.push([kind, engine.containers?.size]));
    engine.becomeReady([makeContainer('a')]);
    engine.update(makeContainer('b'));
    engine.remove(idFor('a'), idFor('b'));
    assert.deepEqual(seen, [
      ['listed', 1],
      ['updated', 2],
      ['updated', 0],
    ]);
    engine.dispose();
  });

  it('records commands, and rejects as the test says', async () => {
    const engine = new MemoryEngine();
    engine.onPerform = () => {
      throw new EngineError('conflict', 'no');
    };
    await assert.rejects(engine.perform({ kind: 'stop', id: 'x' }), { code: 'conflict' });
    assert.deepEqual(engine.performed, [{ kind: 'stop', id: 'x' }]);
    engine.dispose();
  });

  it('tells figures to those who watch them, and remembers them', async () => {
    const { metrics } = new MemoryEngine();
    const told: string[] = [];
    const sink = {
      container: (id: string, { kind }: { readonly kind: string }) => told.push(`${id} ${kind}`),
      machine: ({ kind }: { readonly kind: string }) => told.push(`machine ${kind}`),
    };
    const watch = metrics.watch({ containers: ['a'], machine: false }, sink);
    metrics.tellSample('a', makeSample(1_000, { cpuPercent: 5 }));
    metrics.tellSample('b', makeSample(1_000));
    metrics.tellMachine({ kind: 'sample', sample: makeMachineSample(1_000), counts: NO_COUNTS });
    watch.change({ containers: ['b'], machine: true });
    metrics.tellSample('a', makeSample(2_000, { cpuPercent: 7 }));
    metrics.tell('b', { kind: 'gap', gap: { reason: 'notRunning' } });
    metrics.tellMachine({ kind: 'gap', reason: 'disconnected' });
    assert.deepEqual([...metrics.watched], ['b']);
    watch.dispose();
    metrics.tellSample('b', makeSample(3_000));
    assert.deepEqual(told, ['a sample', 'b gap', 'machine gap']);
    assert.equal(metrics.watched.size, 0);
    const range = { fromMs: 0, toMs: 10_000, maxPoints: 100 };
    const charts = await metrics.readHistory(['a', 'unknown'], range);
    assert.deepEqual([...charts.keys()], ['a']);
    assert.deepEqual([...(charts.get('a')?.lines.cpuPercent.mean ?? [])], [5, 7]);
    metrics.historyError = new EngineError('connectionLost', 'away');
    await assert.rejects(metrics.readMachineHistory(range), { code: 'connectionLost' });
  });
});
