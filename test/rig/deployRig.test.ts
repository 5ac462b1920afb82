import assert from 'node:assert/strict';
import { testEngineOrSkip } from '../support/testEngine';
import { deployFaults, runDeployRig } from './deploy/deployRig';

describe('the rig of deployments', function () {
  this.timeout(240_000);

  it('finds each deployment whose process was killed finished or undone, and a version running', async function () {
    const report = await runDeployRig({ engine: testEngineOrSkip(this), seed: 3, kills: 5 });
    assert.equal(deployFaults(report), 0, JSON.stringify(report, undefined, 2));
    assert.equal(report.kills, 5);
    assert.ok(report.clientStates > 5 && report.clientEntries > 5, 'a client looked on');
    assert.equal(report.finished + report.rolledBack, 6);
  });

  it('counts what must not be', () => {
    const none = {
      kills: 1,
      finished: 1,
      rolledBack: 1,
      unfinished: 0,
      orphans: 0,
      downWithoutReplacement: 0,
      wrongVersion: 0,
      progressWentBack: 0,
      sequenceHoles: 0,
      clientStates: 1,
      clientEntries: 1,
      stages: {},
      seed: 1,
      seconds: 1,
    };
    assert.equal(deployFaults(none), 0);
    for (const name of ['unfinished', 'orphans', 'downWithoutReplacement', 'progressWentBack'] as const)
      assert.equal(deployFaults({ ...none, [name]: 1 }), 1);
  });
});
