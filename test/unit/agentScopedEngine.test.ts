import assert from 'node:assert/strict';
import type { Rights } from '../../src/agent/security/permissions';
import { ScopedEngine } from '../../src/agent/security/scopedEngine';
import { DisposableStore } from '../../src/base/lifecycle';
import { EngineError, type ContainersChange } from '../../src/engine/engine';
import type { LogBatch, LogMarker, LogPlace, LogRequest } from '../../src/model/log';
import { idFor, inProject, makeContainer, MemoryEngine } from '../doubles/memoryEngine';
import { checkForLeaks } from '../support/leaks';

const SCOPED: Rights = { role: 'admin', scope: { projects: ['shop'], labels: [] } };
const TAIL: LogRequest = { tail: 10, follow: true };
const SIZE = { columns: 80, rows: 24 };

const mine = makeContainer('api', inProject('shop', 'api'));
const theirs = makeContainer('vault', inProject('bank', 'vault'));

/** What came out of a followed log. */
class Sink {
  readonly texts: string[] = [];
  readonly markers: LogMarker[] = [];
  readonly ends: (string | undefined)[] = [];

  lines(batch: LogBatch): void {
    this.texts.push(...batch.lines.map(({ text }) => text));
  }

  marker(marker: LogMarker): void {
    this.markers.push(marker);
  }

  ended(error?: Error): void {
    this.ends.push(error instanceof EngineError ? error.code : error?.message);
  }
}

function batch(text: string): LogBatch {
  return { lines: [{ timestamp: '', stream: 'stdout', text }], textLength: text.length + 1 };
}

function placeIn(containerId: string, identity: LogPlace['identity']): LogPlace {
  const cursor = { containerId, timestamp: '', stream: 'stdout', ordinal: 1, hash: 1 } as const;
  return { cursor, runStartedAt: '', identity };
}

/** The calls that a token of another scope could try, each with an id of its choice. */
function attempts(engine: ScopedEngine, id: string): readonly Promise<unknown>[] {
  return [
    engine.perform({ kind: 'stop', id }),
    engine.perform({ kind: 'remove', id, force: true, volumes: true }),
    engine.inspect(id),
    engine.exec(id, ['sh'], SIZE),
  ];
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof EngineError && error.code === code && !error.message.includes('vault');
}

describe('agent: scoped engine', () => {
  checkForLeaks();
  cases();
});

function cases(): void {
  describe('for a client', () => {
    let store: DisposableStore;
    let inner: MemoryEngine;
    let engine: ScopedEngine;
    let changes: ContainersChange[];

    function follow(id: string, request: LogRequest): Sink {
      const sink = new Sink();
      store.add(engine.followLog(id, request, sink));
      return sink;
    }

    function scopedTo(rights: Rights): ScopedEngine {
      engine.dispose();
      engine = new ScopedEngine(inner, rights);
      return engine;
    }

    beforeEach(() => {
      store = new DisposableStore();
      inner = new MemoryEngine();
      inner.becomeReady([mine, theirs]);
      engine = new ScopedEngine(inner, SCOPED);
      changes = [];
      store.add(engine.onDidChangeContainers((change) => changes.push(change)));
    });

    afterEach(() => {
      store.dispose();
      engine.dispose();
      assert.equal(inner.isDisposed, false, 'the shared engine must outlive a client');
      inner.dispose();
    });

    it('shows what is in the scope only', () => {
      assert.deepEqual([...(engine.containers?.keys() ?? [])], [mine.id]);
    });

    it('shows the engine’s own map where there is no scope', () => {
      assert.equal(scopedTo({ role: 'viewer' }).containers, inner.containers);
    });

    it('tells nothing of changes outside the scope', () => {
      inner.update({ ...theirs, state: 'exited' });
      inner.remove(theirs.id);
      assert.deepEqual(changes, []);
    });

    it('tells changes inside the scope without those outside', () => {
      const stopped = { ...mine, state: 'exited' };
      inner.update(stopped, theirs);
      assert.deepEqual(changes, [{ kind: 'updated', containers: [stopped], removed: [] }]);
      inner.remove(mine.id, theirs.id);
      assert.deepEqual(changes[1], { kind: 'updated', containers: [], removed: [mine.id] });
    });

    it('tells of a container that leaves the scope as removed, and of one that enters it as new', () => {
      const left = { ...mine, ...inProject('other', 'api') };
      inner.update(left);
      assert.deepEqual(changes, [{ kind: 'updated', containers: [], removed: [mine.id] }]);
      assert.equal(engine.containers?.size, 0);
      inner.update(mine);
      assert.deepEqual(changes[1], { kind: 'updated', containers: [mine], removed: [] });
    });

    it('looks at a new list anew', () => {
      inner.list([theirs]);
      assert.deepEqual(changes, [{ kind: 'listed' }]);
      assert.equal(engine.containers?.size, 0);
    });

    it('lets nobody at a container outside the scope, by id, beginning, name or in capitals', async () => {
      for (const id of [
        theirs.id,
        theirs.id.slice(0, 12),
        theirs.name,
        theirs.id.toUpperCase(),
        `/${theirs.name}`,
      ]) {
        for (const attempt of attempts(engine, id))
          await assert.rejects(attempt, hasCode('noSuchContainer'), id);
      }
      assert.deepEqual(inner.performed, []);
      assert.deepEqual(inner.execs, []);
    });

    it('answers the same for what is hidden and what does not exist', async () => {
      const messages = new Set<string>();
      for (const id of [theirs.id, idFor('nothing')]) {
        await engine.inspect(id).catch((error: unknown) => messages.add(String(error)));
      }
      assert.equal(messages.size, 1);
    });

    it('takes full ids only where there is no scope, too', async () => {
      scopedTo({ role: 'admin' });
      for (const id of [theirs.name, theirs.id.slice(0, 12)]) {
        for (const attempt of attempts(engine, id)) await assert.rejects(attempt, hasCode('noSuchContainer'));
      }
      await engine.perform({ kind: 'stop', id: theirs.id });
      assert.equal(inner.performed.length, 1);
    });

    it('says forbidden whether the container exists or not', async () => {
      scopedTo({ role: 'viewer', scope: { projects: ['shop'], labels: [] } });
      for (const id of [mine.id, theirs.id, 'nothing']) {
        await assert.rejects(engine.perform({ kind: 'stop', id }), hasCode('forbidden'));
        await assert.rejects(engine.exec(id, ['sh'], SIZE), hasCode('forbidden'));
      }
      await assert.rejects(engine.inspect(theirs.id), hasCode('noSuchContainer'));
      assert.deepEqual(inner.performed, []);
    });

    it('does what role and scope allow', async () => {
      await engine.perform({ kind: 'stop', id: mine.id });
      const session = await engine.exec(mine.id, ['sh'], SIZE);
      session.dispose();
      assert.deepEqual(inner.performed, [{ kind: 'stop', id: mine.id }]);
      assert.deepEqual(engine.capabilities, { ...inner.capabilities, lifecycle: true, exec: true });
      assert.deepEqual(scopedTo({ role: 'operator' }).capabilities, { ...inner.capabilities, exec: false });
    });

    it('leaves values of the environment out for viewers', async () => {
      inner.onInspect = () => ({ Config: { Env: ['A=b'] } });
      assert.deepEqual(await engine.inspect(mine.id), { Config: { Env: ['A=b'] } });
      scopedTo({ role: 'viewer' });
      assert.deepEqual(await engine.inspect(mine.id), { Config: { Env: ['A='] } });
    });

    it('gives up an exec that began after its client had gone', async () => {
      const starting = engine.exec(mine.id, ['sh'], SIZE);
      engine.dispose();
      await assert.rejects(starting, hasCode('connectionLost'));
      assert.equal(inner.execs[0]?.isDisposed, true);
    });

    it('finds by id, name and beginning among what is visible', () => {
      const twin = makeContainer('api-2', inProject('bank', 'api'));
      const shared = mine.id.slice(0, 12);
      inner.update({ ...twin, id: shared.padEnd(64, 'f') });
      assert.equal(engine.find(mine.id)?.id, mine.id);
      assert.equal(engine.find('api')?.id, mine.id);
      assert.equal(engine.find(shared)?.id, mine.id, 'a hidden one makes no beginning ambiguous');
      assert.equal(scopedTo({ role: 'viewer' }).find(shared), undefined);
      assert.equal(engine.find(mine.id.slice(0, 11)), undefined);
      assert.equal(engine.find(''), undefined);
    });

    it('knows no container before the first list', async () => {
      inner.dispose();
      inner = new MemoryEngine();
      scopedTo(SCOPED);
      assert.equal(engine.containers, undefined);
      await assert.rejects(engine.inspect(mine.id), hasCode('connectionLost'));
    });

    describe('logs', () => {
      it('of a visible container are passed on', async () => {
        const sink = follow(mine.id, TAIL);
        await settle();
        await inner.follows[0]?.sink.lines(batch('hello'));
        inner.follows[0]?.sink.marker({ kind: 'started' });
        assert.deepEqual(sink.texts, ['hello']);
        assert.deepEqual(sink.markers, [{ kind: 'started' }]);
      });

      it('of a hidden container do not exist', async () => {
        for (const id of [theirs.id, theirs.name, theirs.id.slice(0, 12)]) {
          const sink = follow(id, TAIL);
          await settle();
          assert.deepEqual(sink.ends, ['noSuchContainer']);
        }
        assert.deepEqual(inner.follows, []);
      });

      it('do not exist by name where there is no scope, either', async () => {
        scopedTo({ role: 'viewer' });
        const sink = follow('vault', TAIL);
        await settle();
        assert.deepEqual(sink.ends, ['noSuchContainer']);
        assert.deepEqual(inner.follows, []);
      });

      it('do not lead to a hidden successor', async () => {
        const sink = follow(mine.id, TAIL);
        await settle();
        const thief = makeContainer('api-thief', { ...inProject('bank', 'api') });
        inner.update(thief);
        inner.follows[0]?.sink.marker({ kind: 'recreated', containerId: thief.id });
        await inner.follows[0]?.sink.lines(batch('secret of the bank'));
        assert.equal(inner.follows[0]?.isStopped, true);
        assert.deepEqual(sink.texts, []);
        assert.deepEqual(sink.markers, [{ kind: 'removed' }]);
        assert.deepEqual(sink.ends, []);
      });

      it('do not pass a line of a hidden successor, even if nobody tells of it', async () => {
        const sink = follow(mine.id, TAIL);
        await settle();
        const { name, compose } = mine;
        const place = placeIn(theirs.id, { name, ...(compose && { compose }) });
        await inner.follows[0]?.sink.lines({ ...batch('secret of the bank'), place });
        assert.equal(inner.follows[0]?.isStopped, true);
        assert.deepEqual([sink.texts, sink.markers], [[], [{ kind: 'removed' }]]);
      });

      it('go on with the successor that becomes visible', async () => {
        const sink = follow(mine.id, { ...TAIL, since: '2026-01-01T00:00:00Z' });
        await settle();
        inner.remove(mine.id);
        inner.follows[0]?.sink.marker({ kind: 'removed' });
        inner.follows[0]?.sink.marker({ kind: 'recreated', containerId: theirs.id });
        const next = makeContainer('api-next', inProject('shop', 'api'));
        inner.update(next);
        assert.deepEqual(sink.markers, [{ kind: 'removed' }, { kind: 'recreated', containerId: next.id }]);
        assert.equal(inner.follows[1]?.id, next.id);
        assert.deepEqual(inner.follows[1].request, { tail: 'all', follow: true });
        await inner.follows[1].sink.lines(batch('anew'));
        assert.deepEqual(sink.texts, ['anew']);
      });

      it('follow to a visible successor as the engine does', async () => {
        const sink = follow(mine.id, TAIL);
        await settle();
        const next = makeContainer('api-next', inProject('shop', 'api'));
        inner.update(next);
        inner.follows[0]?.sink.marker({ kind: 'recreated', containerId: next.id });
        await inner.follows[0]?.sink.lines(batch('anew'));
        assert.deepEqual(sink.texts, ['anew']);
        assert.equal(inner.follows.length, 1);
      });

      it('can not be resumed at a place in a hidden container', async () => {
        const resumeAt = placeIn(theirs.id, {
          name: 'vault',
          compose: { project: 'bank', service: 'vault', replica: 1 },
        });
        const sink = follow(mine.id, { ...TAIL, resumeAt });
        await settle();
        assert.deepEqual(inner.follows, []);
        assert.deepEqual(sink.markers, [{ kind: 'removed' }], 'the same as for one that was removed');
      });

      it('do not take the successor that a client names', async () => {
        follow(mine.id, { ...TAIL, resumeAt: placeIn(mine.id, { name: 'vault' }) });
        await settle();
        const { name, compose } = mine;
        assert.deepEqual(inner.follows[0]?.request.resumeAt?.identity, { name, compose });
      });

      it('of a container removed meanwhile go on with its visible successor', async () => {
        const resumeAt = placeIn(idFor('gone'), {
          name: 'gone',
          compose: { project: 'shop', service: 'api', replica: 1 },
        });
        const sink = follow(idFor('gone'), { ...TAIL, resumeAt });
        await settle();
        assert.deepEqual(sink.markers, [{ kind: 'recreated', containerId: mine.id }]);
        assert.equal(inner.follows[0]?.id, mine.id);
      });

      it('wait for the first list', async () => {
        inner.dispose();
        inner = new MemoryEngine();
        scopedTo(SCOPED);
        const sink = follow(mine.id, TAIL);
        await settle();
        assert.deepEqual(inner.follows, []);
        assert.deepEqual(sink.ends, []);
        inner.becomeReady([mine, theirs]);
        const ids = inner.follows.map(({ id }) => id);
        assert.deepEqual(ids, [mine.id]);
      });

      it('end with their client', async () => {
        follow(mine.id, TAIL);
        await settle();
        engine.dispose();
        assert.equal(inner.follows[0]?.isStopped, true);
      });
    });
  });
}
