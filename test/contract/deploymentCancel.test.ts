import assert from 'node:assert/strict';
import type { Deployment, DeploymentSpec, DeploymentStage } from '../../src/model/deployment';
import { DeploymentFixture, tell, type Told } from '../support/deploymentFixture';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { GOOD, RunningApp } from '../support/runningApp';
import { SilentServer } from '../support/silentServer';
import { busyboxImage, testEngineOrSkip } from '../support/testEngine';

describe('deployments that are cancelled on a real engine', function () {
  this.timeout(120_000);
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('end with the old version running', () => cancelSuite());
});

function cancelSuite(): void {
  let fixture: DeploymentFixture;
  let app: RunningApp;
  let silent: SilentServer;

  before(function () {
    testEngineOrSkip(this);
  });
  beforeEach(async function () {
    silent = await SilentServer.listen();
    fixture = new DeploymentFixture(testEngineOrSkip(this));
    app = await RunningApp.deploy(fixture);
  });
  afterEach(async () => {
    await fixture.dispose();
    silent.dispose();
  });

  /** Cancels it when the condition holds; resolves with what it ended as. */
  async function cancelled(spec: DeploymentSpec, when: (told: Told) => boolean): Promise<Deployment> {
    const { id } = await fixture.deployments.start({ spec });
    const told = tell(fixture.deployments, id);
    await eventually(
      () => `it can be cancelled: ${JSON.stringify(told.states.at(-1))}`,
      () => when(told),
    );
    await fixture.deployments.cancel(id);
    return fixture.over(id);
  }

  async function assertCancelled(over: Deployment, stage: DeploymentStage): Promise<void> {
    assert.equal(over.status, 'cancelled', JSON.stringify(over));
    assert.equal(over.stage, stage);
    assert.match(over.message, /It was cancelled\. The old version runs (?:on|again)\./);
    assert.equal(over.failure, undefined);
    await app.assertRuns();
  }

  it('while it waits for its turn', async () => {
    const folder = fixture.files({ Dockerfile: `FROM ${busyboxImage}\nRUN sleep 60\n` });
    const first = await fixture.deployments.start({ spec: { ...GOOD, source: { kind: 'folder', folder } } });
    const second = await fixture.deployments.start({ spec: GOOD });
    await fixture.deployments.cancel(second.id);
    const over = await fixture.over(second.id);
    assert.deepEqual([over.status, over.stage], ['cancelled', 'queued']);
    await fixture.deployments.cancel(first.id);
    assert.equal((await fixture.over(first.id)).status, 'cancelled');
    await app.assertRuns();
  });

  it('while the repository says nothing', async () => {
    const source = { kind: 'git', repository: `git://127.0.0.1:${silent.port}/app.git` } as const;
    const over = await cancelled({ ...GOOD, source }, () => silent.connectionCount > 0);
    await assertCancelled(over, 'cloning_repo');
    await eventually('Git is gone', () => silent.connectionCount === 0);
  });

  it('while the registry says nothing', async () => {
    const source = { kind: 'image', image: `127.0.0.1:${silent.port}/app:1`, pull: 'always' } as const;
    const over = await cancelled({ ...GOOD, source }, () => silent.connectionCount > 0);
    await assertCancelled(over, 'pulling_image');
  });

  const STAGES: readonly DeploymentStage[] = [
    'pulling_image',
    'stopping_old',
    'starting_new',
    'health_check',
  ];
  for (const stage of STAGES)
    it(`as soon as it enters ${stage}`, async () => {
      const { id } = await fixture.deployments.start({ spec: { ...GOOD, health: { stableMs: 60_000 } } });
      await cancelOn(id, stage);
      await assertCancelled(await fixture.over(id), stage === 'pulling_image' ? stage : 'rolling_back');
    });

  it('in the middle of the watch', async () => {
    const spec = { ...GOOD, health: { stableMs: 600_000 } };
    const over = await cancelled(spec, ({ states }) =>
      states.some(({ message }) => message === 'Watching whether it keeps running.'),
    );
    await assertCancelled(over, 'rolling_back');
  });

  it('not while it is rolled back: that is brought to its end', async () => {
    const run = { ...GOOD.run, command: ['sh', '-c', 'exit 3'] };
    const { id } = await fixture.deployments.start({ spec: { ...GOOD, run } });
    await cancelOn(id, 'rolling_back');
    const over = await fixture.over(id);
    assert.equal(over.status, 'rolled_back', JSON.stringify(over));
    assert.equal(over.failure?.exitCode, 3);
    await app.assertRuns();
  });

  it('not when it is over', async () => {
    const { id } = await fixture.deploy(GOOD);
    await fixture.deployments.cancel(id);
    assert.equal((await fixture.over(id)).status, 'success');
  });

  /** In the very moment in which it says so. */
  function cancelOn(id: string, stage: DeploymentStage): Promise<void> {
    return new Promise((resolve, reject) => {
      fixture.store.add(
        fixture.deployments.onDidChange((changed) => {
          if (!changed.some((one) => one.id === id && one.stage === stage)) return;
          fixture.deployments.cancel(id).then(resolve, reject);
        }),
      );
    });
  }
}
