import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { LocalDeployments } from '../../src/deploy/localDeployments';
import { contextOf } from '../../src/deploy/sources/folderContext';
import type { Deployment, DeploymentSpec } from '../../src/model/deployment';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { PipelineFixture } from '../support/pipelineFixture';
import { skipWithReason } from '../support/skip';

const PROJECT = 'com.docker.compose.project';

describe('deployments of Compose projects', () => {
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('that were handed over', () => handedOverSuite());
});

function handedOverSuite(): void {
  let fixture: PipelineFixture;
  let deployments: LocalDeployments;

  beforeEach(() => {
    fixture = new PipelineFixture();
    deployments = fixture.open();
    fixture.engine.add({ name: 'shop-web-1', labels: { [PROJECT]: 'shop' } });
    for (const [name, content] of Object.entries({
      'compose.yaml': 'services: {}',
      '.env': 'WORD=one',
      'nginx.conf': 'one',
      '.dockerignore': '*\n',
    }))
      fixture.file(`source/${name}`, content);
    // Compose, that says what it finds where it runs.
    fixture.docker(
      'for word in "$@"; do case $word in build|up) echo "$word: $(cat .env nginx.conf | tr "\\n" " ") in $PWD";; esac; done',
    );
  });
  afterEach(() => fixture.dispose());

  const kept = (name: string): string => fixture.path(`state/projects/shop/${name}`);

  async function deploy(): Promise<Deployment> {
    const source = { kind: 'compose', files: ['compose.yaml'], folder: fixture.path('source') } as const;
    const spec: DeploymentSpec = { app: 'shop', source, health: { stableMs: 1 } };
    const context = contextOf(spec) ?? assert.fail('nothing is packed');
    return fixture.deploy(deployments, spec, { context });
  }

  it('are whole, and stay where the containers have them mounted', async () => {
    const over = await deploy();
    assert.equal(over.status, 'success', over.message);
    const journal = fixture.read(`state/journals/${over.id}.jsonl`);
    assert.match(journal, /up: WORD=oneone in [^"]*\/state\/projects\/shop"/);
    assert.equal(readFileSync(kept('nginx.conf'), 'utf8'), 'one');
    await eventually('what was unpacked is gone', () => !existsSync(fixture.path(`state/work/${over.id}`)));
    writeFileSync(kept('written'), 'by a container');
    fixture.file('source/nginx.conf', 'the second');
    assert.equal((await deploy()).status, 'success');
    assert.equal(readFileSync(kept('nginx.conf'), 'utf8'), 'the second');
    assert.equal(readFileSync(kept('written'), 'utf8'), 'by a container');
  });

  it('change no mounted file when they do not get as far as the containers', async () => {
    await deploy();
    fixture.file('source/nginx.conf', 'the second');
    fixture.docker('case "$*" in *" build"*) exit 1;; esac');
    const over = await deploy();
    assert.equal(over.status, 'failed');
    assert.equal(readFileSync(kept('nginx.conf'), 'utf8'), 'one');
  });

  it('say which file can not be read, and how to leave it out', async function () {
    if (process.getuid?.() === 0) skipWithReason(this, 'root may read everything');
    chmodSync(fixture.file('source/data', ''), 0);
    fixture.file('source/.dockerignore', 'node_modules\n');
    assert.match((await deploy()).message, /data can't be read .* name it in \.dockerignore/);
    fixture.file('source/.dockerignore', 'data\n');
    assert.equal((await deploy()).status, 'success');
    assert.equal(existsSync(kept('data')), false);
  });
}
