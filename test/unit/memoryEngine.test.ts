import assert from 'node:assert/strict';
import type { ContainersChange, EngineConnection } from '../../src/engine/engine';
import { EngineError } from '../../src/engine/engine';
import { idFor, makeContainer, MemoryEngine } from '../doubles/memoryEngine';

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
});
