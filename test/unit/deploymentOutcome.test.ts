import assert from 'node:assert/strict';
import type { LocalDeployments } from '../../src/deploy/localDeployments';
import { reasonOf, type DeploymentSpec } from '../../src/model/deployment';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { PipelineFixture, WEB } from '../support/pipelineFixture';

const COMPOSE: DeploymentSpec = {
  app: 'shop',
  source: { kind: 'compose', files: ['compose.yaml'], folder: '/' },
  health: { stableMs: 1 },
};

describe('what became of what ran before', () => {
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('a deployment that did not succeed', () => outcomeSuite());
});

function outcomeSuite(): void {
  let fixture: PipelineFixture;
  let deployments: LocalDeployments;

  beforeEach(() => {
    fixture = new PipelineFixture();
    fixture.engine.images.set('web:1', 'sha256:1');
    deployments = fixture.open();
  });
  afterEach(() => fixture.dispose());

  function failAt(request: string, meanwhile: () => void = () => undefined): void {
    fixture.engine.before = (one) => {
      if (one !== request) return;
      fixture.engine.before = () => undefined;
      meanwhile();
      throw new Error('It did not start.');
    };
  }

  it('is told as a word', async () => {
    failAt('startContainer');
    const first = await fixture.deploy(deployments, WEB);
    assert.deepEqual([first.status, first.oldVersion], ['failed', 'none']);
    fixture.engine.add({ name: 'web' });
    failAt('startContainer');
    const second = await fixture.deploy(deployments, WEB);
    assert.deepEqual([second.status, second.oldVersion], ['rolled_back', 'restored']);
    const absent = { ...WEB, source: { kind: 'image', image: 'none', pull: 'never' } } as const;
    const third = await fixture.deploy(deployments, absent);
    assert.deepEqual([third.status, third.oldVersion], ['failed', 'untouched']);
    assert.equal(reasonOf(third), third.failure?.message);
  });

  it('is not known where nobody looked', async () => {
    failAt('listContainers');
    const over = await fixture.deploy(deployments, WEB);
    assert.deepEqual([over.status, over.oldVersion], ['failed', undefined]);
    assert.doesNotMatch(over.message, /Nothing ran before/);
  });

  it('is a part of the reason where it could not be put back', async () => {
    const { id } = fixture.engine.add({ name: 'web' });
    failAt('startContainer', () => fixture.engine.lose(id));
    const over = await fixture.deploy(deployments, WEB);
    assert.deepEqual([over.status, over.oldVersion], ['failed', 'lost']);
    assert.equal(reasonOf(over), 'It did not start. The old container web is gone.');
    // So it is after a restart, too, when only the index has been read.
    const [listed] = (await fixture.open().list({ limit: 1 })).deployments;
    assert.equal(listed && reasonOf(listed), reasonOf(over));
  });

  it('makes one that was cancelled a failure with a reason, where it could not be put back', async () => {
    const { id: old } = fixture.engine.add({ name: 'web' });
    const { id } = await deployments.start({ spec: { ...WEB, health: { stableMs: 60_000 } } });
    await eventually(
      'the new version is watched',
      () => deployments.current?.get(id)?.stage === 'health_check',
    );
    fixture.engine.lose(old);
    await deployments.cancel(id);
    const over = await fixture.over(deployments, id);
    assert.deepEqual([over.status, over.failure?.stage], ['failed', 'health_check']);
    assert.equal(reasonOf(over), 'It was cancelled. The old container web is gone.');
  });

  it('is a part of the reason where Compose may have replaced it', async () => {
    fixture.docker('case "$*" in *" up "*) echo it broke >&2; exit 3;; esac');
    const failed = await fixture.deploy(deployments, COMPOSE);
    assert.deepEqual([failed.status, failed.oldVersion], ['failed', 'replaced']);
    assert.match(reasonOf(failed) ?? '', /^Compose could not up: it broke\. Compose may have replaced/);
    fixture.docker('case "$*" in *" up "*) sleep 60;; esac');
    const { id } = await deployments.start({ spec: COMPOSE });
    await eventually(
      'Compose changes containers',
      () => deployments.current?.get(id)?.stage === 'starting_new',
    );
    await deployments.cancel(id);
    const cancelled = await fixture.over(deployments, id);
    assert.deepEqual([cancelled.status, cancelled.failure], ['cancelled', undefined]);
    assert.match(reasonOf(cancelled) ?? '', /^It was cancelled\. Compose may have replaced containers/);
  });
}
