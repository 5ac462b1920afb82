import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { Emitter } from '../../src/base/emitter';
import type { LogQuery } from '../../src/engine/docker/dockerApi';
import type { FollowSession } from '../../src/engine/docker/followSession';
import { LogVigil } from '../../src/engine/docker/logVigil';
import type { LogLine } from '../../src/model/log';
import { LogPosition } from '../../src/model/logPosition';
import { FakeClock } from '../doubles/fakeClock';
import { checkForLeaks } from '../support/leaks';

function line(second: number, text: string): LogLine {
  return {
    timestamp: `2026-11-21T07:38:${String(second).padStart(2, '0')}.000000000Z`,
    stream: 'stdout',
    text,
  };
}

/** What the engine would send of these lines, for a container with a terminal: no frames. */
function bytesOf(lines: readonly LogLine[]): Buffer {
  return Buffer.from(lines.map(({ timestamp, text }) => `${timestamp} ${text}\n`).join(''));
}

function setUp(delivered: readonly LogLine[], inEngine: () => readonly LogLine[]) {
  const clock = new FakeClock();
  const position = new LogPosition('id');
  delivered.forEach((entry) => position.accept(entry));
  const queries: LogQuery[] = [];
  const calls: string[] = [];
  const openLog = (_id: string, query: LogQuery): Promise<Readable> => {
    queries.push(query);
    const lines = typeof query.tail === 'number' ? inEngine().slice(-query.tail) : inEngine();
    return Promise.resolve(Readable.from([bytesOf(lines)]));
  };
  const session: FollowSession = {
    api: { openLog, inspectRun: () => Promise.reject(new Error('not asked')) },
    onEvent: new Emitter<never>().event,
    containers: new Map(),
    onDidChangeContainers: new Emitter<never>().event,
    partStamps: 'shared',
  };
  const vigil = (): LogVigil =>
    new LogVigil(
      {
        session,
        containerId: 'id',
        form: { hasTerminal: true, partStamps: 'shared', runStarts: [], isRunSure: true },
      },
      position,
      clock,
      {
        missed: () => calls.push('missed'),
        stuck: () => calls.push('stuck'),
        failed: (error) => calls.push(`failed ${String(error)}`),
      },
    );
  /** Lets time pass second by second, with room for the answers in between. */
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      clock.advance(1_000);
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { position, queries, calls, vigil, pass };
}

describe('LogVigil', () => {
  checkForLeaks();

  it('asks nothing for a minute, and then ever more rarely, while a silent log is really silent', async () => {
    const log = [line(1, 'a'), line(2, 'b')];
    const { queries, calls, vigil, pass } = setUp(log, () => log);
    const watching = vigil();
    await pass(59);
    assert.deepEqual(queries, []);
    await pass(2);
    assert.deepEqual(queries, [{ follow: false, tail: 100 }]);
    await pass(3_600);
    const requests: number = queries.length;
    assert.ok(requests <= 10, `${requests} requests in an hour`);
    assert.deepEqual(calls, []);
    watching.dispose();
  });

  it('notices a stream that is silent although the engine has newer lines', async () => {
    const { calls, vigil, pass } = setUp([line(1, 'a')], () => [line(1, 'a'), line(5, 'newer')]);
    const watching = vigil();
    await pass(63);
    assert.deepEqual(calls, ['stuck']);
    watching.dispose();
  });

  it('does not take the last part of a long line for a newer one', async () => {
    const { calls, vigil, pass } = setUp([line(1, `${'x'.repeat(20_000)}end`)], () => [line(1, 'end')]);
    const watching = vigil();
    await pass(65);
    assert.deepEqual(calls, []);
    watching.dispose();
  });

  it('tells within a second when the cursor does not come by', async () => {
    const { queries, calls, position, vigil, pass } = setUp([line(1, 'a')], () => [line(1, 'a')]);
    position.seek();
    const watching = vigil();
    await pass(1);
    assert.ok(calls.length > 0 && calls.every((call) => call === 'missed'));
    assert.deepEqual(queries, []);
    watching.dispose();
  });

  it('tells while lines pass by when all are much later than the cursor', () => {
    const { calls, position, vigil } = setUp([line(1, 'a')], () => [line(1, 'a')]);
    position.seek();
    const watching = vigil();
    for (let count = 0; count < 21_000 && calls.length === 0; count++) watching.sawLine(line(30, 'z'));
    assert.deepEqual(calls, ['missed']);
    watching.dispose();
  });

  it('does nothing more once it is disposed', async () => {
    const { queries, vigil, pass } = setUp([line(1, 'a')], () => [line(5, 'newer')]);
    vigil().dispose();
    await pass(100);
    assert.deepEqual(queries, []);
  });
});
