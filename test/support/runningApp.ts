import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Deployment, DeploymentSpec, DeploymentStage } from '../../src/model/deployment';
import type { DeploymentFixture } from './deploymentFixture';
import { eventually } from './eventually';
import { busyboxImage, testLabel } from './testEngine';

export const APP = 'failing';

/** A version that runs until it is told to end, which it does at once. */
export const GOOD: DeploymentSpec = {
  app: APP,
  source: { kind: 'image', image: busyboxImage, pull: 'missing' },
  run: {
    command: ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'],
    labels: { [testLabel]: '1' },
  },
  health: { stableMs: 100 },
};

/** An app that runs, whatever becomes of its later deployments. */
export class RunningApp {
  private constructor(
    private readonly fixture: DeploymentFixture,
    readonly containerId: string,
  ) {}

  static async deploy(fixture: DeploymentFixture, deployments = fixture.deployments): Promise<RunningApp> {
    const { id } = await deployments.start({ spec: GOOD });
    const over = await fixture.over(id, deployments);
    assert.equal(over.status, 'success', over.message);
    return new RunningApp(fixture, (await fixture.container(APP))?.Id ?? '');
  }

  /** The old version runs under its name, nothing else is left, and the reason is told. */
  async assertFailed(over: Deployment, stage: DeploymentStage, reason: RegExp): Promise<void> {
    assert.ok(over.status === 'failed' || over.status === 'rolled_back', JSON.stringify(over));
    assert.equal(over.failure?.stage, stage, JSON.stringify(over));
    assert.match(over.failure.message, reason);
    await this.assertRuns();
  }

  /** @param state of the deployments */
  async assertRuns(state = join(this.fixture.folder, 'state')): Promise<void> {
    assert.deepEqual(await this.fixture.containersOf(APP), [`${APP} running`]);
    assert.equal((await this.fixture.container(APP))?.Id, this.containerId);
    const work = join(state, 'work');
    const left = (): readonly string[] => (existsSync(work) ? readdirSync(work) : []);
    // It is cleared away after the end is told.
    await eventually(
      () => `nothing is left in the work folder: ${left().join(', ')}`,
      () => left().length === 0,
    );
  }
}
