import assert from 'node:assert/strict';
import { LogPosition } from '../../src/model/logPosition';
import { parseTimestamp, sinceParameter } from '../../src/model/logTime';
import { FakeEngine, type FakeContainer } from '../doubles/fakeEngine/fakeEngine';
import { eventually } from '../support/eventually';
import { DirectReader } from './engines/directReader';
import { openDockerReader } from './engines/openEngines';
import { LogChecker } from './oracle/logChecker';
import { formatOracleLine, makePayload } from './oracle/oracleLine';
import { LogTruth } from './oracle/truth';
import { judge } from './oracle/verdict';

const SECOND_NS = 1_000_000_000n;
const START_NS = 1_800_000_000n * SECOND_NS;
/** After a cut the clock of the engine was set back by so much. */
const BACK_NS = SECOND_NS / 2n;
const LINES_BEFORE = 10;
const LINES_AFTER = 5;

/** Replaces a member of the cursor's class for one test. */
function withPatched<T>(
  member: 'accept' | 'since',
  patch: PropertyDescriptor,
  work: () => Promise<T>,
): Promise<T> {
  const original = Object.getOwnPropertyDescriptor(LogPosition.prototype, member);
  assert.ok(original, `LogPosition has no ${member} any more: this test must be written anew`);
  Object.defineProperty(LogPosition.prototype, member, { ...patch, configurable: true });
  return work().finally(() => Object.defineProperty(LogPosition.prototype, member, original));
}

describe('the rig fails a reader', function () {
  this.timeout(30_000);
  let fake: FakeEngine;
  let container: FakeContainer;
  let sequence: number;

  beforeEach(async () => {
    fake = await new FakeEngine({ personality: '20.10' }).listen();
    container = fake.run({ name: 'c1' });
    sequence = 0;
  });
  afterEach(() => fake.dispose());

  function write(count: number, fromNs: bigint): void {
    for (let index = 0n; index < BigInt(count); index++) {
      const text = formatOracleLine('c1-out', 1, ++sequence, makePayload('payload'));
      fake.writeLog(container, 'stdout', `${text}\n`, { timestampNs: fromNs + index });
    }
  }

  /** Lines, a cut, and lines with timestamps a little before those of the lines that came before. */
  async function cutWithClockSetBack(): Promise<Record<string, number>> {
    const engine = openDockerReader(fake.dockerHost);
    const checker = new LogChecker('c1');
    try {
      engine.connect();
      await eventually('connected', () => engine.connection.kind === 'ready');
      write(LINES_BEFORE, START_NS);
      engine.followLog(container.id, { tail: 'all', follow: true }, checker);
      await eventually('the lines before the cut', () => checker.delivered === LINES_BEFORE);
      fake.stopListening();
      write(LINES_AFTER, START_NS - BACK_NS);
      await fake.listenAgain();
      write(1, START_NS + SECOND_NS);
      const last = (): number => checker.tracks.stdout.furthest.sequence;
      await eventually('the last line', () => last() === LINES_BEFORE + LINES_AFTER + 1);
    } finally {
      engine.dispose();
    }
    const truth = new LogTruth('c1');
    const observation = truth.observe();
    await new DirectReader(fake.socketPath, container.id, false, 'shared').readLines('all', (line) =>
      observation.take(line),
    );
    observation.done();
    const { lost, duplicated, reordered, unreported } = judge(checker, truth, new Map());
    return { lost, duplicated, reordered, unreported };
  }

  const NOTHING = { lost: 0, duplicated: 0, reordered: 0, unreported: 0 };

  it('but not ours', async () => {
    assert.deepEqual(await cutWithClockSetBack(), NOTHING);
  });

  it('whose cursor has no overlap', async () => {
    const since = {
      get(this: LogPosition): string | undefined {
        const timestamp = this.cursor && parseTimestamp(this.cursor.timestamp);
        return timestamp && sinceParameter(timestamp);
      },
    };
    const counts = await withPatched('since', since, cutWithClockSetBack);
    assert.deepEqual(counts, { ...NOTHING, lost: LINES_AFTER, unreported: LINES_AFTER });
  });

  it('whose cursor does not check for duplicates', async () => {
    const original: unknown = Object.getOwnPropertyDescriptor(LogPosition.prototype, 'accept')?.value;
    assert.ok(typeof original === 'function');
    const accept = {
      value(this: LogPosition, ...args: Parameters<LogPosition['accept']>): unknown {
        Reflect.set(this, 'finder', undefined);
        return Reflect.apply(original, this, args);
      },
    };
    const counts = await withPatched('accept', accept, cutWithClockSetBack);
    const { duplicated = 0 } = counts;
    assert.ok(duplicated >= LINES_BEFORE);
    assert.deepEqual(counts, { ...NOTHING, duplicated });
  });
});
