import assert from 'node:assert/strict';
import type { DeploymentEntry, DeploymentSpec } from '../../src/model/deployment';
import { MemoryDeployments } from '../doubles/memoryDeployments';
import { checkForLeaks } from '../support/leaks';

const SPEC: DeploymentSpec = { app: 'web', source: { kind: 'image', image: 'web:1', pull: 'missing' } };

describe('the deployments in memory', () => {
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('in a test', () => memoryDeploymentsSuite());
});

function memoryDeploymentsSuite(): void {
  let deployments: MemoryDeployments;
  beforeEach(() => (deployments = new MemoryDeployments()));
  afterEach(() => deployments.dispose());

  it('go through the stages and tell followers each entry once, from any place', async () => {
    const { id } = await deployments.start({ spec: SPEC });
    const told: DeploymentEntry[] = [];
    let ends = 0;
    const sink = {
      entries: (entries: readonly DeploymentEntry[]): number => told.push(...entries),
      ended: (): number => (ends += 1),
    };
    const follow = deployments.follow(id, 1, sink);
    deployments.enter(id, 'pulling_image');
    deployments.log(id, 'hello');
    deployments.progress(id, 10);
    deployments.enter(id, 'starting_new');
    deployments.succeed(id);
    assert.deepEqual(
      told.map(({ sequence }) => sequence),
      [2, 3, 4, 5, 6],
    );
    assert.equal(ends, 1);
    assert.deepEqual(deployments.followed, []);
    follow.dispose();
    const progress = told.map((entry) => (entry.kind === 'state' ? entry.deployment.progress : undefined));
    assert.deepEqual(progress, [25, undefined, 25, 78, 100]);
  });

  it('page, newest first', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index++) ids.unshift((await deployments.start({ spec: SPEC })).id);
    const page = await deployments.list({ limit: 3 });
    assert.deepEqual([page.deployments.map(({ id }) => id), page.hasMore], [ids.slice(0, 3), true]);
    const [, , before = ''] = ids;
    const rest = await deployments.list({ limit: 3, before });
    assert.deepEqual([rest.deployments.map(({ id }) => id), rest.hasMore], [ids.slice(3), false]);
  });

  it('refuse what is not there', async () => {
    await assert.rejects(deployments.cancel('d9'), { code: 'noSuchDeployment' });
  });
}
