import assert from 'node:assert/strict';
import { untilOver } from '../../src/vscode/deployments/untilOver';
import type { DeploymentSpec } from '../../src/model/deployment';
import { MemoryDeployments } from '../doubles/memoryDeployments';

const SPEC: DeploymentSpec = { app: 'web', source: { kind: 'image', image: 'web:1', pull: 'missing' } };

describe('a look at what may be unfinished', () => {
  it('lasts until it was read that nothing is, also while another window is at it', async () => {
    const deployments = new MemoryDeployments();
    const { id } = await deployments.start({ spec: SPEC });
    const other = await deployments.start({ spec: SPEC });
    deployments.isKnown = false;
    let count = 0;
    untilOver(deployments, () => (count += 1));
    deployments.isKnown = true;
    deployments.enter(id, 'pulling_image');
    deployments.succeed(id);
    assert.deepEqual([count, deployments.watchers], [0, 1]);
    await deployments.cancel(other.id);
    assert.deepEqual([count, deployments.watchers], [1, 0]);
    deployments.dispose();
  });

  it('is over at once where nothing is, and says nothing once it is not wanted any more', async () => {
    const deployments = new MemoryDeployments();
    let count = 0;
    untilOver(deployments, () => (count += 1));
    assert.deepEqual([count, deployments.watchers], [1, 0]);
    const { id } = await deployments.start({ spec: SPEC });
    untilOver(deployments, () => (count += 1)).dispose();
    deployments.succeed(id);
    assert.deepEqual([count, deployments.watchers], [1, 0]);
    deployments.dispose();
  });
});
