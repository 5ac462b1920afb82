import assert from 'node:assert/strict';
import { lockHolder } from '../../src/deploy/journal/journalLock';
import type { LocalDeployments } from '../../src/deploy/localDeployments';
import type { DeploymentSpec } from '../../src/model/deployment';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { PipelineFixture } from '../support/pipelineFixture';

const BUILT: DeploymentSpec = {
  app: 'web',
  source: { kind: 'git', repository: 'https://me:password@git.example/web.git' },
  build: { args: { KEY: 'build-secret' }, secretArgs: ['KEY'] },
  run: { environment: { TOKEN: 'run-secret' } },
  health: { stableMs: 1 },
};
const FOLDER: DeploymentSpec = { ...BUILT, source: { kind: 'folder', folder: '/of/another/machine' } };

describe('a deployment once more', () => {
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('from its journal', () => againSuite());
});

function againSuite(): void {
  let fixture: PipelineFixture;
  let deployments: LocalDeployments;

  beforeEach(() => {
    fixture = new PipelineFixture();
    deployments = fixture.open({ tools: fixture.tools({ git: fixture.path('git') }) });
    fixture.docker('exit 1');
    // A clone is a folder with a Dockerfile.
    fixture.file(
      'git',
      '#!/bin/sh\ncase "$*" in *rev-parse*) echo 0123456789;; esac\necho FROM scratch > Dockerfile\n',
    );
  });
  afterEach(() => fixture.dispose());

  const context = async function* (): AsyncIterable<Uint8Array> {
    yield await Promise.resolve(new Uint8Array(1024));
  };

  async function runAgain(first: string): Promise<void> {
    await eventually('the first process is done', async () => !(await lockHolder(fixture.path('state'))));
    // Another process, which remembers nothing.
    const later = fixture.open();
    const { id } = await later.rollBackTo(first);
    const over = await fixture.over(later, id);
    assert.deepEqual([over.status, over.rollBackTo, over.isHandedOver], ['success', first, undefined]);
    assert.deepEqual(fixture.engine.named('web')?.environment, ['TOKEN=run-secret']);
  }

  it('is rolled back to without what its build needed: a password, secret arguments', async () => {
    const over = await fixture.deploy(deployments, BUILT);
    assert.deepEqual([over.status, over.canRollBackTo], ['success', true], over.message);
    await assert.rejects(fixture.open().retry(over.id), { code: 'conflict', message: /KEY.*password/ });
    await runAgain(over.id);
  });

  it('is rolled back to without the folder that was handed over', async () => {
    const over = await fixture.deploy(deployments, FOLDER, { context });
    assert.deepEqual([over.status, over.isHandedOver], ['success', true], over.message);
    await runAgain(over.id);
  });

  it('takes its image with it when its journal is too old to be kept', async () => {
    const { images } = fixture.engine;
    images.set('api:1', 'sha256:1');
    const source = { kind: 'image', image: 'api:1', pull: 'never' } as const;
    const spec = { app: 'api', source, health: { stableMs: 1 } };
    const short = fixture.open({ limits: { mostDeployments: 1 } });
    const first = await fixture.deploy(short, spec);
    await eventually('its image is kept', () => images.has(`quaywatch/api:${first.id}`));
    const second = await fixture.deploy(short, { ...spec, app: 'other' });
    await eventually('its image is gone', () => !images.has(`quaywatch/api:${first.id}`));
    assert.ok(images.has(`quaywatch/other:${second.id}`));
  });

  it('is refused before it is queued where its folder was handed over', async () => {
    const over = await fixture.deploy(deployments, FOLDER, { context });
    for (const one of [deployments, fixture.open()])
      await assert.rejects(one.retry(over.id), { code: 'conflict', message: /not kept/ });
    assert.equal((await deployments.list({ limit: 5 })).deployments.length, 1);
  });
}
