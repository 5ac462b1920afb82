import Docker from 'dockerode';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '../../src/base/clock';
import { DisposableStore } from '../../src/base/lifecycle';
import { LocalDeployments } from '../../src/deploy/localDeployments';
import type { LocalDeploymentsOptions } from '../../src/deploy/localOptions';
import { DockerDeployEngine } from '../../src/engine/docker/dockerDeployEngine';
import { DockerEngine } from '../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../src/engine/docker/openDockerSession';
import type { DeploymentStart } from '../../src/engine/deployments';
import {
  isOver,
  type Deployment,
  type DeploymentEntry,
  type DeploymentSpec,
} from '../../src/model/deployment';
import { toolsWithoutPlugins } from './dockerPlugins';
import { eventually } from './eventually';
import { testLabel, type TestEngine } from './testEngine';

/** What everybody who follows a deployment is told. */
export class Told {
  readonly entries: DeploymentEntry[] = [];
  ends = 0;
  error: Error | undefined;

  get states(): readonly Deployment[] {
    return this.entries.flatMap((entry) => (entry.kind === 'state' ? [entry.deployment] : []));
  }

  get log(): string {
    return this.entries.flatMap((entry) => (entry.kind === 'log' ? [entry.text] : [])).join('\n');
  }

  get stages(): readonly string[] {
    return [...new Set(this.states.map(({ stage }) => stage))];
  }
}

/** Follows a deployment from its first entry. */
export function tell(deployments: LocalDeployments, id: string, after = 0): Told {
  const told = new Told();
  deployments.follow(id, after, {
    entries: (entries) => told.entries.push(...entries),
    ended: (error) => {
      told.ends += 1;
      told.error = error;
    },
  });
  return told;
}

/** Deployments beside a real engine, with a folder of their own. */
export class DeploymentFixture {
  readonly store = new DisposableStore();
  readonly docker: Docker;
  readonly folder = mkdtempSync(join(tmpdir(), 'quaywatch-deploy-'));
  readonly engine: DockerEngine;
  readonly deployEngine: DockerDeployEngine;
  readonly deployments: LocalDeployments;
  readonly logged: string[] = [];
  private folders = 0;

  constructor(
    readonly testEngine: TestEngine,
    options: Partial<LocalDeploymentsOptions> = {},
  ) {
    this.docker = new Docker({ socketPath: testEngine.socketPath });
    const log = (): void => undefined;
    const openSession = dockerSessionOpener(() => testEngine.dockerHost, log);
    this.engine = this.store.add(new DockerEngine({ openSession, log }));
    this.deployEngine = this.store.add(new DockerDeployEngine(this.engine));
    this.deployments = this.open(options);
    this.engine.connect();
  }

  /** Another process's view of the same folder, in this one. */
  open(options: Partial<LocalDeploymentsOptions> = {}): LocalDeployments {
    return this.store.add(
      new LocalDeployments({
        engine: this.deployEngine,
        folder: join(this.folder, 'state'),
        startedBy: 'test',
        log: (level, message) => this.logged.push(`${level}: ${message}`),
        // Whatever the machine's docker CLI has.
        tools: toolsWithoutPlugins(),
        clock: systemClock,
        ...options,
      }),
    );
  }

  /** A folder with these files. */
  files(files: Readonly<Record<string, string>>): string {
    this.folders += 1;
    const folder = join(this.folder, `source${this.folders}`);
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    return folder;
  }

  /** A file below the fixture's folder; empty where there is none. */
  read(path: string): string {
    const whole = join(this.folder, path);
    return existsSync(whole) ? readFileSync(whole, 'utf8') : '';
  }

  /** Starts a deployment and waits until it is over. */
  async deploy(spec: DeploymentSpec, more: Partial<DeploymentStart> = {}): Promise<Deployment> {
    const { id } = await this.deployments.start({ spec, ...more });
    return this.over(id);
  }

  async over(id: string, deployments = this.deployments): Promise<Deployment> {
    const told = tell(deployments, id);
    await eventually(
      () => `deployment ${id} is over: ${JSON.stringify(told.states.at(-1))}`,
      () => told.ends > 0,
      90_000,
    );
    const last = told.states.at(-1);
    if (!last || !isOver(last.status)) throw new Error(`It ended with ${told.error?.message ?? 'nothing'}`);
    return last;
  }

  /** What a container of this name shows; `undefined` where there is none. */
  async container(name: string): Promise<Docker.ContainerInspectInfo | undefined> {
    return this.docker
      .getContainer(name)
      .inspect()
      .catch(() => undefined);
  }

  /** The containers of an app and those with its name, as `NAME STATE`. */
  async containersOf(app: string): Promise<readonly string[]> {
    const all = await this.docker.listContainers({ all: true });
    return all
      .map((one) => `${(one.Names[0] ?? '').slice(1)} ${one.State}`)
      .filter((text) => text.startsWith(app))
      .sort();
  }

  async dispose(): Promise<void> {
    this.store.dispose();
    const made = await this.docker.listContainers({ all: true, filters: { label: [testLabel] } });
    await Promise.all(
      made.map(({ Id }) =>
        this.docker
          .getContainer(Id)
          .remove({ force: true, v: true })
          .catch(() => undefined),
      ),
    );
    rmSync(this.folder, { recursive: true, force: true });
  }
}
