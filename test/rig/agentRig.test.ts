import assert from 'node:assert/strict';
import type { RecordedRequest } from '../doubles/fakeEngine/fakeEngine';
import { CommandLedger } from './agent/commandLedger';
import { runCommandsRig } from './agent/commandsRig';
import { harmIn, runHostileRig } from './agent/hostileRig';
import { runIdleRig } from './agent/idleRig';
import { RigAgent } from './agent/rigAgent';
import { FakeRigEngine } from './engines/fakeRigEngine';
import { runLogsRig } from './logsRig';
import { faultsIn } from './report';

const SMALL = {
  seed: 7,
  lines: 10_000,
  containers: 5,
  cuts: 15,
  restarts: 3,
  rotations: 1,
  engineRestarts: 1,
  agentKills: 2,
  transport: 'tcp',
  timeoutMs: 45_000,
} as const;

describe('the rig with an agent between', function () {
  this.timeout(90_000);

  it('logs are exact under cuts, kills of the agent, restarts and rotation', async () => {
    const engine = await FakeRigEngine.open('25', SMALL.seed);
    const agent = await RigAgent.start(engine);
    try {
      const openReader = (address: string): ReturnType<RigAgent['openReader']> => agent.openReader(address);
      const report = await runLogsRig(engine, { ...SMALL, agent, openReader });
      assert.equal(faultsIn(report), 0, JSON.stringify(report, undefined, 2));
      assert.deepEqual([report.cuts, report.agentKills], [SMALL.cuts, SMALL.agentKills]);
    } finally {
      await agent.dispose();
      await engine.dispose();
    }
  });

  it('commands run once under cuts and kills of the agent', async () => {
    const report = await runCommandsRig({ seed: 7, cuts: 20, agentKills: 2, personality: '25' });
    const { twice, notRun, ranAnyway, commands, done } = report;
    assert.deepEqual({ twice, notRun, ranAnyway }, { twice: 0, notRun: 0, ranAnyway: 0 });
    assert.ok(commands === 80 && done > commands / 2, JSON.stringify(report));
  });

  it('tells commands that ran twice, not at all, or although they were refused', () => {
    const ledger = new CommandLedger();
    const asked = (name: string): RecordedRequest => ({
      method: 'POST',
      path: `/containers/c1/rename?name=${name}`,
      route: 'rename',
    });
    ledger.add('once', 'done');
    ledger.add('twice', 'done');
    ledger.add('never', 'done');
    ledger.add('refused', 'refused');
    ledger.add('ghost', 'refused');
    ledger.add('unknown', 'unknown');
    const requests = ['once', 'twice', 'twice', 'ghost', 'unknown'].map(asked);
    assert.deepEqual(ledger.count(requests), {
      commands: 6,
      done: 3,
      unknown: 1,
      refused: 2,
      twice: 1,
      notRun: 1,
      ranAnyway: 1,
    });
  });
});

describe('the rig of hostile clients', function () {
  this.timeout(90_000);

  it('harms nobody in some seconds', async () => {
    const report = await runHostileRig({ seed: 1, durationMs: 5_000, halfOpen: 90, settleMs: 20_000 });
    assert.ok(report.clients > 0 && report.sent > 0 && report.honestLines > 0, JSON.stringify(report));
    assert.equal(harmIn(report), 0, JSON.stringify(report));
  });
});

describe('the rig of an idle agent', function () {
  this.timeout(60_000);

  it('asks its engine for nothing in some seconds', async () => {
    const report = await runIdleRig({ durationMs: 3_000 });
    assert.equal(report.requestCount, 0, JSON.stringify(report.requests));
    assert.ok(report.changes > 0);
  });
});
