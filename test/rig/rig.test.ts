import assert from 'node:assert/strict';
import type { LogSink } from '../../src/model/log';
import { testEngineOrSkip } from '../support/testEngine';
import { PERSONALITY_NAMES } from './arguments';
import {
  changesOne,
  doublesOne,
  dropsOne,
  spoiled,
  swapsOne,
  withoutCursor,
  withoutGaps,
} from './brokenReaders';
import { FakeRigEngine } from './engines/fakeRigEngine';
import { openDockerReader } from './engines/openEngines';
import { RealEngine } from './engines/realEngine';
import type { RigEngine } from './engines/rigEngine';
import { runLogsRig, type LogsRigOptions } from './logsRig';
import { faultsIn, type LogsReport } from './report';

const SMALL: LogsRigOptions = {
  seed: 7,
  lines: 10_000,
  containers: 5,
  cuts: 10,
  restarts: 3,
  rotations: 1,
  engineRestarts: 1,
  transport: 'unix',
  openReader: openDockerReader,
  timeoutMs: 45_000,
};

function assertExact(report: LogsReport): void {
  assert.equal(faultsIn(report), 0, JSON.stringify(report, undefined, 2));
  assert.ok(report.lines >= SMALL.lines);
}

describe('the rig over a real Docker engine', function () {
  this.timeout(90_000);
  let engine: RigEngine | undefined;
  before(async function () {
    const found = testEngineOrSkip(this);
    // Only the runner's own engine is restarted here: a developer's may be in use.
    const isHandedOver = Boolean(process.env['QUAYWATCH_TEST_ENGINE']);
    engine = await RealEngine.open(found.socketPath, isHandedOver ? found.control : undefined);
  });
  after(() => engine?.dispose());

  const ours = (): RigEngine => engine ?? assert.fail('there is no engine');

  it('a log is exact under cuts, restarts, rotation and an engine restart', async () => {
    const engineRestarts = ours().canRestart ? SMALL.engineRestarts : 0;
    assertExact(await runLogsRig(ours(), { ...SMALL, engineRestarts }));
  });
});

for (const personality of PERSONALITY_NAMES) {
  describe(`the rig over the fake engine, personality ${personality}`, function () {
    this.timeout(90_000);
    let engine: FakeRigEngine;
    before(async () => (engine = await FakeRigEngine.open(personality, SMALL.seed)));
    after(() => engine.dispose());

    it('a log is exact under cuts, restarts, rotation and an engine restart', async () => {
      assertExact(await runLogsRig(engine, { ...SMALL, transport: personality === '29' ? 'tcp' : 'unix' }));
    });
  });
}

describe('the rig can fail', function () {
  this.timeout(60_000);
  const quiet = { containers: 1, lines: 3_000, cuts: 0, restarts: 0, rotations: 0, engineRestarts: 0 };

  async function faultsOf(options: Partial<LogsRigOptions>): Promise<Partial<LogsReport>> {
    const engine = await FakeRigEngine.open('25', 1);
    try {
      const report = await runLogsRig(engine, { ...SMALL, ...quiet, ...options });
      const { lost, duplicated, reordered, unreported, corrupted } = report;
      const counts = { lost, duplicated, reordered, unreported, corrupted };
      return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
    } finally {
      await engine.dispose();
    }
  }

  it('but not without a reason', async () => {
    assert.deepEqual(await faultsOf({}), {});
  });

  it('when a reader drops a line', async () => {
    const spoil = (sink: LogSink): LogSink => spoiled(sink, dropsOne);
    assert.deepEqual(await faultsOf({ spoil }), { lost: 1, unreported: 1 });
  });

  it('when a reader doubles a line', async () => {
    const spoil = (sink: LogSink): LogSink => spoiled(sink, doublesOne);
    assert.deepEqual(await faultsOf({ spoil }), { duplicated: 1 });
  });

  it('when a reader swaps two lines', async () => {
    const spoil = (sink: LogSink): LogSink => spoiled(sink, swapsOne());
    assert.deepEqual(await faultsOf({ spoil }), { reordered: 1 });
  });

  it('when a reader changes a line', async () => {
    const spoil = (sink: LogSink): LogSink => spoiled(sink, changesOne);
    assert.deepEqual(await faultsOf({ spoil }), { lost: 1, unreported: 1, corrupted: 1 });
  });

  it('when a reader does not tell of a gap', async () => {
    const faults = await faultsOf({ rotations: 1, lines: 6_000, spoil: withoutGaps });
    assert.ok((faults.unreported ?? 0) > 0);
    assert.equal(faults.lost, faults.unreported);
  });

  it('when a reader begins anew after a cut', async () => {
    const openReader = (dockerHost: string) => withoutCursor(openDockerReader(dockerHost), 'all');
    const { duplicated = 0, ...others } = await faultsOf({ cuts: 3, openReader });
    assert.ok(duplicated > 0);
    assert.deepEqual(others, {});
  });

  it('when a reader goes on with what is newest after a cut', async () => {
    const openReader = (dockerHost: string) => withoutCursor(openDockerReader(dockerHost), 0);
    const { lost = 0, unreported = 0, ...others } = await faultsOf({ cuts: 6, lines: 12_000, openReader });
    assert.ok(lost > 0 && lost === unreported);
    assert.deepEqual(others, {});
  });
});
