import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from '../../src/agent/cli/program';
import { Emitter } from '../../src/base/emitter';
import { DeploymentFixture } from '../support/deploymentFixture';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { busyboxImage, testEngineOrSkip, testLabel, type TestEngine } from '../support/testEngine';

const APP = 'by-command';
const FOREVER = ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'];

describe('quaywatch-agent deploy on a real engine, where no agent runs', function () {
  this.timeout(120_000);
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('deploys in its own process', () => ownProcessSuite());
});

function ownProcessSuite(): void {
  let engine: TestEngine;
  let fixture: DeploymentFixture;
  let out: string[];
  let err: string[];
  let interrupts: Emitter<void>;

  before(function () {
    engine = testEngineOrSkip(this);
  });
  beforeEach(() => {
    fixture = new DeploymentFixture(engine);
    out = [];
    err = [];
    interrupts = fixture.store.add(new Emitter<void>());
  });
  afterEach(async () => {
    await fixture.dispose();
  });

  /** @param dockerfile what is built */
  function deploy(dockerfile: string): Promise<number> {
    const source = fixture.files({ Dockerfile: dockerfile });
    const file = join(fixture.folder, 'quaywatch.json');
    const run = { labels: { [testLabel]: '1' } };
    const app = {
      source: { folder: source.slice(fixture.folder.length + 1) },
      run,
      health: { stable: '200ms' },
    };
    writeFileSync(file, JSON.stringify({ apps: { [APP]: app } }));
    return runCli(['deploy', file, '--state', join(fixture.folder, 'agent')], {
      out: (line) => void out.push(line),
      err: (line) => void err.push(line),
      env: { QUAYWATCH_AGENT_DOCKER_HOST: engine.dockerHost },
      version: '0.0.0',
      onInterrupt: (listener) => interrupts.event(listener),
    });
  }

  const good = (word: string): string =>
    `FROM ${busyboxImage}\nRUN echo "the word is ${word}"\nCMD ${JSON.stringify(FOREVER)}\n`;

  it('to its end: 0', async () => {
    const word = `quay${Date.now()}`;
    assert.equal(await deploy(good(word)), 0, err.join('\n'));
    assert.ok(out.includes(`the word is ${word}`), out.join('\n'));
    assert.match(err.join('\n'), /\[100%\] completed: The new version runs\.$/);
    assert.deepEqual(await fixture.containersOf(APP), [`${APP} running`]);
  });

  it('and tells why it failed: 7, with the old version running', async () => {
    assert.equal(await deploy(good('old')), 0, err.join('\n'));
    const old = await fixture.container(APP);
    assert.equal(await deploy(`FROM ${busyboxImage}\nCMD ["sh", "-c", "echo can not; exit 3"]\n`), 7);
    assert.match(err.at(-1) ?? '', /^It failed: The new container ended with exit code 3/);
    assert.ok(out.includes('can not'), out.join('\n'));
    assert.deepEqual(await fixture.containersOf(APP), [`${APP} running`]);
    assert.equal((await fixture.container(APP))?.Id, old?.Id);
  });

  it('until Ctrl-C is pressed twice: 8, with the old version running', async () => {
    assert.equal(await deploy(good('old')), 0, err.join('\n'));
    const ended = deploy(`FROM ${busyboxImage}\nRUN echo begun && sleep 600\n`);
    await eventually('the step runs', () => out.includes('begun'));
    interrupts.fire();
    interrupts.fire();
    assert.equal(await ended, 8, err.join('\n'));
    assert.match(err.join('\n'), /The old version runs on\./);
    assert.deepEqual(await fixture.containersOf(APP), [`${APP} running`]);
  });
}
