import assert from 'node:assert/strict';
import Docker from 'dockerode';
import { busyboxImage, testEngineOrSkip, testLabel, type TestEngine } from './testEngine';
import { openWorkbench, type Workbench, type WorkbenchOptions } from './workbench';
import type { TreeView } from './treeView';
import type { VSCodePage } from './vscodePage';

/** A shell that stays and ends at once when told to. */
const STAY = 'trap exit TERM; while :; do sleep 1 & wait $!; done';

export interface ContainerOptions {
  readonly tty?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: Partial<Docker.ContainerCreateOptions>;
}

/** What a suite works with: a real VS Code with the packaged extension, beside a real Docker engine. */
export class E2eSuite {
  workbench: Workbench | undefined;
  engine: TestEngine | undefined;
  private dockerClient: Docker | undefined;

  get page(): VSCodePage {
    assert.ok(this.workbench, 'the workbench is open');
    return this.workbench.page;
  }

  get tree(): TreeView {
    return this.page.tree('Containers');
  }

  get docker(): Docker {
    assert.ok(this.dockerClient, 'the engine runs');
    return this.dockerClient;
  }

  use(engine: TestEngine): void {
    this.engine = engine;
    this.dockerClient = new Docker({ socketPath: engine.socketPath });
  }

  /** Creates and starts a container that runs a shell script, in place of one that a test left that is tried again. */
  async run(name: string, script = STAY, { tty = false, labels = {}, options = {} }: ContainerOptions = {}) {
    await this.docker.getContainer(name).remove({ force: true, v: true }).catch(ignoreMissing);
    const container = await this.docker.createContainer({
      name,
      Image: busyboxImage,
      Cmd: ['sh', '-c', script],
      Tty: tty,
      StopTimeout: 1,
      Labels: { ...labels, [testLabel]: '1' },
      ...options,
    });
    await container.start();
    return container;
  }

  /** Writes to what a container with a running shell shows as its standard output. */
  async write(container: Docker.Container, text: string): Promise<void> {
    const command = `echo ${Buffer.from(text).toString('base64')} | base64 -d > /proc/1/fd/1`;
    const exec = await container.exec({ Cmd: ['sh', '-c', command], AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    await new Promise((resolve) => stream.on('end', resolve).resume());
  }

  /**
   * Those of tests; on an engine of our own all, so that a suite counts only what it made: a build that an
   * engine's restart cut off leaves a container without a label.
   */
  async removeContainers(): Promise<void> {
    if (!this.dockerClient) return;
    const filters = this.engine?.control ? {} : { label: [testLabel] };
    for (const { Id: id } of await this.docker.listContainers({ all: true, filters })) {
      await this.docker.getContainer(id).remove({ force: true, v: true });
    }
  }
}

/** Mocha knows, but its types keep it to themselves. */
function isSecondAttempt(test: Mocha.Test | undefined): boolean {
  return test !== undefined && (test as unknown as { currentRetry(): number }).currentRetry() > 0;
}

/** A script that prints these bytes and stays. */
export function printing(bytes: Buffer | string): string {
  return `echo ${Buffer.from(bytes).toString('base64')} | base64 -d; ${STAY}`;
}

/** Opens one VS Code for all tests of a suite, and keeps a picture when one fails. To be called inside `describe`. */
export function e2eSuite(options: WorkbenchOptions = {}): E2eSuite {
  const suite = new E2eSuite();
  before(async function () {
    this.timeout(180_000);
    suite.use(testEngineOrSkip(this));
    await suite.removeContainers();
    const env = { DOCKER_HOST: suite.engine?.dockerHost, ...options.env };
    suite.workbench = await openWorkbench({ ...options, env });
  });
  beforeEach(async function () {
    if (!isSecondAttempt(this.currentTest)) return;
    // What the first attempt may have left open: a menu, an input, a dialog.
    for (let each = 0; each < 3; each++) await suite.page.page.keyboard.press('Escape');
  });
  afterEach(async function () {
    const { currentTest } = this;
    if (currentTest?.state !== 'failed') return;
    await suite.workbench?.page.screenshot(
      `failed-${currentTest.title.replace(/[^\w]+/g, '-').slice(0, 60)}`,
    );
  });
  after(async () => {
    await suite.workbench?.dispose();
    await suite.removeContainers();
  });
  return suite;
}

function ignoreMissing(error: Error & { readonly statusCode?: number }): void {
  if (error.statusCode !== 404) throw error;
}
