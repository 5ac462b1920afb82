import assert from 'node:assert/strict';
import type { DeploymentSpec } from '../../src/model/deployment';
import { DeploymentFixture, tell } from '../support/deploymentFixture';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { busyboxImage, testEngineOrSkip, testLabel } from '../support/testEngine';

const LABELS = { [testLabel]: '1' };
/** Ends at once when it is told to. */
const FOREVER = ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'];

function imageSpec(app: string, more: Partial<DeploymentSpec> = {}): DeploymentSpec {
  return {
    app,
    source: { kind: 'image', image: busyboxImage, pull: 'missing' },
    run: { command: FOREVER, labels: LABELS },
    health: { stableMs: 200 },
    ...more,
  };
}

const DOCKERFILE = `FROM ${busyboxImage}\nARG WORD=none\nRUN echo "the word is $WORD"\nCOPY message /message\nCMD ["sleep", "100000"]\n`;

describe('deployments on a real engine', function () {
  this.timeout(120_000);
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('of which each', () => realDeploymentsSuite());
});

function realDeploymentsSuite(): void {
  let fixture: DeploymentFixture;

  before(function () {
    testEngineOrSkip(this);
  });
  beforeEach(function () {
    fixture = new DeploymentFixture(testEngineOrSkip(this));
  });
  afterEach(async () => {
    await fixture.dispose();
  });

  it('replaces what ran with an image, stage by stage, and removes the old one', async () => {
    const first = await fixture.deploy(imageSpec('web'));
    assert.equal(first.status, 'success', first.message);
    const before = await fixture.container('web');
    const { id } = await fixture.deployments.start({ spec: imageSpec('web') });
    const told = tell(fixture.deployments, id);
    await fixture.over(id);
    const after = await fixture.container('web');
    assert.ok(after?.State.Running && after.Id !== before?.Id);
    assert.deepEqual(await fixture.containersOf('web'), ['web running']);
    assert.deepEqual(told.stages, [
      'queued',
      'pulling_image',
      'stopping_old',
      'starting_new',
      'health_check',
      'completed',
    ]);
    const progress = told.states.map((state) => state.progress);
    assert.deepEqual(
      progress,
      [...progress].sort((left, right) => left - right),
    );
    assert.equal(progress.at(-1), 100);
    assert.deepEqual(
      told.entries.map(({ sequence }) => sequence),
      told.entries.map((_entry, index) => index + 1),
    );
  });

  it('builds a folder and tells the steps', async () => {
    const folder = fixture.files({
      Dockerfile: DOCKERFILE,
      message: 'hello',
      'left/out': 'x',
      '.dockerignore': 'left\n',
    });
    const spec: DeploymentSpec = {
      ...imageSpec('built'),
      source: { kind: 'folder', folder },
      build: { args: { WORD: 'quay' } },
      run: { labels: LABELS },
    };
    const { id } = await fixture.deployments.start({ spec });
    const told = tell(fixture.deployments, id);
    const over = await fixture.over(id);
    assert.equal(over.status, 'success', over.message);
    await eventually('all is told', () => told.ends > 0);
    assert.match(told.log, /Step 3\/5 : RUN echo/);
    assert.match(told.log, /the word is quay/);
    const running = await fixture.container('built');
    assert.equal(running?.Image, over.imageId);
    assert.equal(over.canRollBackTo, true);
  });
}
