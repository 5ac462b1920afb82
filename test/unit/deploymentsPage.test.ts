import assert from 'node:assert/strict';
import { reasonOf, stateWords } from '../../src/model/deployment';
import {
  DEPLOYMENTS_TEXTS,
  MOST_LOG_LINES,
  type DeploymentsDelta,
  type DeploymentsText,
  type PageDeployment,
} from '../../src/protocol/webview/deployments';
import type { PanelTexts } from '../../src/protocol/webview/envelope';
import { OpenCards, readRemembered } from '../../webview/deployments/remembered';
import {
  announcements,
  applyDelta,
  canRollBack,
  emptyKind,
  fateOfOld,
  firstState,
  formatSpan,
  shownRows,
  stepsOf,
  type PageState,
} from '../../webview/deployments/state';
import { Words } from '../../webview/deployments/words';

function deployment(id: string, fields: Partial<PageDeployment> = {}): PageDeployment {
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

const row = (id: string, fields: Partial<PageDeployment> = {}, hostId = 'local') => ({
  hostId,
  deployment: deployment(id, fields),
});
const over = { status: 'success', endedAtMs: 5, stage: 'completed' };
const hosts = [{ id: 'local', name: 'Local', canDeploy: true, isAway: false }];

function state(...rows: ReturnType<typeof row>[]): PageState {
  return firstState({ place: 'view', isTrusted: true, hosts, running: rows }, {});
}

const idsOf = (rows: readonly { deployment: PageDeployment }[]): string[] =>
  rows.map((one) => one.deployment.id);

describe('the state of the page of deployments', () => {
  it('says that there is nothing only where all hosts were asked', () => {
    const [local] = hosts;
    const kindOf = (shown: PageState['hosts'], filter: PageState['filter'] = {}): string | undefined =>
      emptyKind({ ...state(), hosts: shown, filter });
    const away = { id: 'far', name: 'Far', canDeploy: false, isAway: true, trouble: 'there is no token' };
    const viewed = { id: 'far', name: 'Far', canDeploy: false, isAway: false };
    assert.ok(local);
    assert.equal(kindOf([local]), 'nothingYet');
    assert.equal(kindOf([viewed]), 'mayNot');
    assert.equal(kindOf([local, away]), 'unknown');
    assert.equal(kindOf([away]), undefined);
    assert.equal(kindOf([local, away], { hostId: 'local' }), 'nothingMatches');
    assert.equal(kindOf([local, away], { hostId: 'far' }), undefined);
    assert.equal(kindOf([local, away], { app: 'web' }), undefined);
  });

  it('shows those that run in the order they began, and the past newest first', () => {
    const shown = shownRows(state(row('d3'), row('d1'), row('d2', over), row('d4', over)));
    assert.deepEqual(
      [idsOf(shown.running), idsOf(shown.past)],
      [
        ['d1', 'd3'],
        ['d4', 'd2'],
      ],
    );
  });

  it('moves one to the past when it ends, and says so once', () => {
    const before = state(row('d1'));
    const rows = [row('d1', over)];
    const after = applyDelta(before, { kind: 'changed', rows });
    assert.deepEqual(idsOf(shownRows(after).past), ['d1']);
    const end = { app: 'web', hostId: 'local', kind: 'end', word: 'success' };
    assert.deepEqual(announcements(before, after), [end]);
    assert.deepEqual(announcements(after, applyDelta(after, { kind: 'changed', rows })), []);
  });

  it('says which stage one entered, and nothing of progress within it or of the past', () => {
    const before = state(row('d1'));
    const onward = applyDelta(before, {
      kind: 'changed',
      rows: [row('d1', { progress: 50 }), row('d0', over)],
    });
    assert.deepEqual(announcements(before, onward), []);
    const entered = applyDelta(onward, { kind: 'changed', rows: [row('d1', { stage: 'health_check' })] });
    assert.deepEqual(
      announcements(onward, entered).map(({ kind, word }) => [kind, word]),
      [['stage', 'health_check']],
    );
  });

  it('filters by host and app', () => {
    const all = state(row('d1'), row('d2', { app: 'api' }), row('d3', {}, 'far'));
    assert.deepEqual(idsOf(shownRows({ ...all, filter: { app: 'web' } }).running), ['d1', 'd3']);
    assert.deepEqual(idsOf(shownRows({ ...all, filter: { hostId: 'far' } }).running), ['d3']);
  });

  it('forgets the past with a fresh page, and what runs only when its host has it no longer', () => {
    const past = {
      kind: 'past',
      rows: [row('d0', over)],
      isFresh: false,
      hasMore: true,
      apps: ['web'],
    } as const;
    const known = applyDelta(state(row('d1'), row('d2', over)), {
      ...past,
      apps: ['web'],
      rows: [...past.rows],
    });
    assert.equal(known.rows.size, 3);
    const fresh = applyDelta(known, { ...past, isFresh: true, apps: [], rows: [...past.rows] });
    assert.deepEqual([...fresh.rows.keys()].sort(), ['local/d0', 'local/d1']);
    const gone = applyDelta(fresh, { kind: 'running', hostId: 'local', ids: [] });
    assert.deepEqual([...gone.rows.keys()], ['local/d0']);
  });

  it('forgets what a host that is gone had', () => {
    assert.equal(applyDelta(state(row('d1')), { kind: 'hosts', hosts: [] }).rows.size, 0);
  });

  it('keeps the newest lines of a log, and counts the others exactly', () => {
    const place = { hostId: 'local', id: 'd1' };
    const log = (
      count: number,
      more: Partial<DeploymentsDelta & { kind: 'log' }> = {},
    ): DeploymentsDelta => ({
      kind: 'log',
      place,
      lines: Array.from({ length: count }, (_, index) => ({ stream: 'stdout', text: String(index) })),
      skippedLines: 0,
      isFresh: false,
      isEnded: false,
      ...more,
    });
    const counts = (one: PageState): unknown => {
      const { lines, skippedLines, seenLines } = one.logs.get('local/d1') ?? assert.fail('no log');
      return [lines.length, skippedLines, seenLines];
    };
    const first = applyDelta(state(row('d1')), log(10));
    const second = applyDelta(first, log(MOST_LOG_LINES));
    assert.deepEqual(counts(second), [MOST_LOG_LINES, 10, MOST_LOG_LINES + 10]);
    // A hole: only what is behind it is shown, since nothing may look as if it followed.
    const third = applyDelta(second, log(3, { skippedLines: 7 }));
    assert.deepEqual(counts(third), [3, MOST_LOG_LINES + 17, MOST_LOG_LINES + 20]);
    assert.deepEqual(counts(applyDelta(third, log(2, { isFresh: true }))), [2, 0, 2]);
  });

  it('offers to roll back only to what a later success replaced', () => {
    const rolled = { ...over, canRollBackTo: true };
    const all = state(row('d1', rolled), row('d2', rolled), row('d3', { status: 'failed', endedAtMs: 9 }));
    const offered = [...all.rows.values()].filter((one) => canRollBack(all, one));
    assert.deepEqual(idsOf(offered), ['d1']);
  });
});

describe('the steps of a deployment', () => {
  const steps = (fields: Partial<PageDeployment>): string[] =>
    stepsOf(deployment('d1', fields)).map(({ stage, state: one }) => `${stage} ${one}`);
  const went = (...stages: string[]) => stages.map((stage) => ({ stage, startedAtMs: 0, endedAtMs: 1 }));

  it('are those behind it, its own, and those ahead', () => {
    assert.deepEqual(
      steps({
        sourceKind: 'git',
        stage: 'building_image',
        stages: went('queued', 'cloning_repo', 'building_image'),
      }),
      [
        'cloning_repo done',
        'building_image current',
        'stopping_old ahead',
        'starting_new ahead',
        'health_check ahead',
      ],
    );
  });

  it('have a wait in the queue only if there was one', () => {
    const waited = [{ stage: 'queued', startedAtMs: 0, endedAtMs: 1_000 }, ...went('pulling_image')];
    assert.deepEqual(steps({ status: 'success', endedAtMs: 9, stages: waited }), [
      'queued done',
      'pulling_image done',
    ]);
    assert.deepEqual(
      steps({ sourceKind: 'image', stages: [{ stage: 'queued', startedAtMs: 0 }] })[0],
      'queued current',
    );
    assert.deepEqual(steps({ status: 'cancelled', endedAtMs: 9, stages: went('queued') }), [
      'queued stopped',
    ]);
  });

  it('show where it failed, and what came after', () => {
    const failure = { stage: 'health_check', message: 'no', lastLines: [] };
    const stages = went('building_image', 'starting_new', 'health_check', 'rolling_back');
    assert.deepEqual(steps({ status: 'rolled_back', endedAtMs: 9, failure, stages }), [
      'building_image done',
      'starting_new done',
      'health_check failed',
      'rolling_back done',
    ]);
    assert.deepEqual(steps({ status: 'cancelled', endedAtMs: 9, stages: went('building_image') }), [
      'building_image stopped',
    ]);
  });

  it('say what became of the old version, where it needs no reading', () => {
    const fate = (oldVersion?: string, status = 'failed') =>
      fateOfOld(deployment('d1', { status, ...(oldVersion !== undefined && { oldVersion }) }));
    assert.deepEqual(
      [fate('untouched'), fate('restored', 'cancelled'), fate('none', 'rolled_back'), fate('lost'), fate()],
      ['untouched', 'restored', undefined, undefined, undefined],
    );
    // As a host of an earlier version says it.
    assert.equal(fate(undefined, 'rolled_back'), 'restored');
  });

  it('say the reason, and more where the old version is gone', () => {
    const failure = { stage: 'health_check', message: 'Not healthy.', lastLines: [] };
    const message = 'Not healthy. What ran before could not be put back: the port is taken.';
    const reason = (fields: Partial<PageDeployment>) => reasonOf(deployment('d1', { message, ...fields }));
    assert.equal(reason({ failure, oldVersion: 'restored' }), 'Not healthy.');
    assert.equal(reason({ failure, oldVersion: 'lost' }), message);
    assert.equal(reason({ status: 'cancelled', oldVersion: 'replaced' }), message);
    assert.equal(reason({ status: 'cancelled' }), undefined);
  });

  it('have durations in figures', () => {
    assert.deepEqual([0, 7_900, 725_000, 3_723_000, -5].map(formatSpan), [
      '0:00',
      '0:07',
      '12:05',
      '1:02:03',
      '0:00',
    ]);
  });
});

describe('the words of the page of deployments', () => {
  const texts = Object.fromEntries(DEPLOYMENTS_TEXTS.map((key) => [key, key])) as PanelTexts<DeploymentsText>;
  const words = (language: string, more: Partial<PanelTexts<DeploymentsText>> = {}): Words =>
    new Words({ ...texts, announce: '{0}: {1}.', runsAgain: 'again {0}', ...more }, language);

  it('say a stage by its name, and an end as a part of the sentence', () => {
    const told = { app: 'web', hostId: 'local' };
    const english = words('en', { success: 'Deployed', queued: 'Waiting in line' });
    assert.equal(english.announcement({ ...told, kind: 'end', word: 'success' }, state()), 'web: deployed.');
    assert.equal(
      english.announcement({ ...told, kind: 'stage', word: 'queued' }, state()),
      'web: Waiting in line.',
    );
  });

  it('name what a roll back runs again by its time, and by no id', () => {
    assert.match(words('en').runsAgain(0), /^again .*19(?:69|70)/);
    assert.equal(words('en').runsAgain(undefined), 'runsEarlier');
  });

  it('do not say twice that one waits', () => {
    assert.deepEqual(stateWords({ status: 'pending', stage: 'queued' }), ['queued']);
    assert.deepEqual(stateWords({ status: 'failed', stage: 'queued' }), ['failed', 'queued']);
  });
});

describe('what the page remembers', () => {
  it('are cards that somebody opened or closed, and the first ones that ran', () => {
    const cards = new OpenCards({ opened: [], closed: [] });
    cards.saw(['a', 'b', 'c']);
    cards.toggle('a');
    cards.toggle('z');
    assert.deepEqual(
      ['a', 'b', 'c', 'z'].map((key) => cards.isOpen(key)),
      [false, true, false, true],
    );
    const again = new OpenCards(readRemembered(JSON.parse(JSON.stringify(cards.remembered()))));
    assert.deepEqual(
      ['a', 'b', 'c', 'z'].map((key) => again.isOpen(key)),
      [false, true, false, true],
    );
  });

  it('may be anything', () => {
    for (const value of [undefined, null, 5, [], { filter: 1, opened: [1, 'a'] }])
      assert.deepEqual(readRemembered(value).filter, {});
    assert.deepEqual(readRemembered({ filter: { app: 'web', hostId: 7 } }).filter, { app: 'web' });
  });
});
