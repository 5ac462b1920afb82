import assert from 'node:assert/strict';
import { deferred } from '../../src/base/async';
import type { Deployment } from '../../src/model/deployment';
import { DeploymentHistory, type HistoryPage, type Patience } from '../../src/model/deploymentHistory';
import { FakeClock } from '../doubles/fakeClock';

function deployment(id: string, fields: Partial<Deployment> = {}): Deployment {
  return {
    id,
    app: 'web',
    sourceKind: 'folder',
    sourceText: '.',
    startedBy: 'me',
    createdAtMs: Number(id.replace(/\D/g, '')),
    status: 'building',
    stage: 'building_image',
    progress: 30,
    message: '',
    stages: [{ stage: 'building_image', startedAtMs: 0 }],
    canRollBackTo: false,
    ...fields,
  };
}

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** Of no account where every host answers. */
const patient: Patience = { clock: new FakeClock(), ms: 1_000, onLateAnswer: () => undefined };

describe('the past of several hosts', () => {
  const past = (count: number, first: number, step: number): Deployment[] =>
    Array.from({ length: count }, (_, index) => {
      const createdAtMs = first - index * step;
      return { ...deployment(`d${createdAtMs}`), createdAtMs };
    });
  const source = (hostId: string, all: readonly Deployment[]) => ({
    hostId,
    asked: 0,
    list(before: string | undefined, limit: number) {
      this.asked += 1;
      const begin = before === undefined ? 0 : all.findIndex(({ id }) => id === before) + 1;
      return Promise.resolve({
        deployments: all.slice(begin, begin + limit),
        hasMore: begin + limit < all.length,
      });
    },
  });

  it('is one list, newest first, each once', async () => {
    const history = new DeploymentHistory(
      [source('a', past(25, 1_000, 3)), source('b', past(40, 999, 2))],
      10,
      patient,
    );
    const times: number[] = [];
    for (let hasMore = true; hasMore;) {
      const page = await history.next();
      times.push(...page.rows.map((one) => one.deployment.createdAtMs));
      hasMore = page.hasMore;
    }
    assert.equal(times.length, 65);
    assert.deepEqual(
      times,
      [...times].sort((one, other) => other - one),
    );
  });

  it('reads of 10,000 no more than a page needs', async () => {
    const many = source('a', past(10_000, 100_000, 1));
    const page = await new DeploymentHistory([many], 50, patient).next();
    assert.deepEqual([page.rows.length, page.hasMore, many.asked], [50, true, 1]);
  });

  it('goes on without a host that fails, and asks it again', async () => {
    let isBroken = true;
    const good = source('a', past(3, 10, 1));
    const bad = {
      hostId: 'b',
      list: () =>
        isBroken
          ? Promise.reject(new Error('away'))
          : Promise.resolve({ deployments: past(1, 5, 1), hasMore: false }),
    };
    const history = new DeploymentHistory([good, bad], 10, patient);
    const first = await history.next();
    assert.deepEqual(
      [first.rows.length, first.hasMore, first.failures.map(({ hostId }) => hostId)],
      [3, true, ['b']],
    );
    isBroken = false;
    const second = await history.next();
    assert.deepEqual([second.rows.length, second.hasMore, second.failures], [1, false, []]);
  });

  it('does not wait for a host that is silent, and has its part in its place when it answers', async () => {
    const clock = new FakeClock();
    const answer = deferred<{ deployments: Deployment[]; hasMore: boolean }>();
    let lateAnswers = 0;
    const history = new DeploymentHistory(
      [source('a', past(4, 10, 2)), { hostId: 'slow', list: () => answer.promise }],
      3,
      { clock, ms: 1_000, onLateAnswer: () => lateAnswers++ },
    );
    const timesOf = ({ rows }: HistoryPage): number[] => rows.map((one) => one.deployment.createdAtMs);
    const reading = history.next();
    await turns();
    clock.advance(1_000);
    const first = await reading;
    assert.deepEqual([timesOf(first), first.late, first.hasMore], [[10, 8, 6], ['slow'], true]);
    const readingMore = history.next();
    await turns();
    clock.advance(1_000);
    assert.deepEqual(timesOf(await readingMore), [4]);
    answer.resolve({ deployments: past(2, 9, 2), hasMore: false });
    await turns();
    assert.equal(lateAnswers, 1);
    const whole = await history.again();
    assert.deepEqual([timesOf(whole), whole.late], [[10, 9, 8, 7], []]);
    const rest = await history.next();
    assert.deepEqual([timesOf(rest), rest.hasMore], [[6, 4], false]);
  });

  it('does not ask a host again that fails late, only to say why', async () => {
    const clock = new FakeClock();
    const answers = [deferred<never>(), deferred<never>()];
    let asked = 0;
    let lateAnswers = 0;
    const list = (): Promise<never> => answers[asked++]?.promise ?? Promise.reject(new Error('asked'));
    const history = new DeploymentHistory([{ hostId: 'slow', list }], 3, {
      clock,
      ms: 1_000,
      onLateAnswer: () => lateAnswers++,
    });
    const reading = history.next();
    await turns();
    clock.advance(1_000);
    await reading;
    answers[0]?.reject(new Error('away'));
    await turns();
    const again = history.again();
    await turns();
    clock.advance(1_000);
    const { failures, late } = await again;
    assert.deepEqual([asked, lateAnswers, late], [1, 1, []]);
    assert.deepEqual(failures, [{ hostId: 'slow', error: new Error('away') }]);
  });

  it('keeps what a host gave that is silent when all is given again', async () => {
    const clock = new FakeClock();
    const answer = deferred<{ deployments: Deployment[]; hasMore: boolean }>();
    const good = source('a', past(20, 100, 1));
    const list = (...query: Parameters<typeof good.list>): ReturnType<typeof good.list> =>
      good.asked >= 2 ? new Promise<never>(() => undefined) : good.list(...query);
    const history = new DeploymentHistory(
      [
        { hostId: 'a', list },
        { hostId: 'slow', list: () => answer.promise },
      ],
      3,
      { clock, ms: 1_000, onLateAnswer: () => undefined },
    );
    const read = async (reading: Promise<HistoryPage>): Promise<readonly string[]> => {
      await turns();
      clock.advance(1_000);
      return (await reading).rows.map(({ hostId }) => hostId);
    };
    assert.deepEqual(await read(history.next()), ['a', 'a', 'a']);
    assert.deepEqual(await read(history.next()), ['a', 'a', 'a']);
    assert.deepEqual(await read(history.next()), []);
    answer.resolve({ deployments: past(1, 99.5, 1), hasMore: false });
    await turns();
    const again = await read(history.again());
    assert.deepEqual(again, ['a', 'slow', 'a', 'a', 'a', 'a']);
  });

  it('says why a host failed that was late', async () => {
    const clock = new FakeClock();
    const answer = deferred<never>();
    const told = deferred<undefined>();
    const history = new DeploymentHistory([{ hostId: 'slow', list: () => answer.promise }], 3, {
      clock,
      ms: 1_000,
      onLateAnswer: () => told.resolve(undefined),
    });
    const reading = history.next();
    await turns();
    clock.advance(1_000);
    assert.deepEqual((await reading).late, ['slow']);
    answer.reject(new Error('away'));
    await told.promise;
    assert.deepEqual((await history.again()).failures, [{ hostId: 'slow', error: new Error('away') }]);
  });
});
