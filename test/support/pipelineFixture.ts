import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '../../src/base/clock';
import { DisposableStore } from '../../src/base/lifecycle';
import { LocalDeployments } from '../../src/deploy/localDeployments';
import type { LocalDeploymentsOptions } from '../../src/deploy/localOptions';
import type { Tools } from '../../src/deploy/step';
import type { DeploymentStart } from '../../src/engine/deployments';
import { isOver, type Deployment, type DeploymentSpec } from '../../src/model/deployment';
import { MemoryDeployEngine } from '../doubles/memoryDeployEngine';
import { tell } from './deploymentFixture';
import { eventually } from './eventually';

/** What runs within a moment, and counts as well then. */
export const WEB: DeploymentSpec = {
  app: 'web',
  source: { kind: 'image', image: 'web:1', pull: 'missing' },
  health: { stableMs: 1 },
};

/** Deployments beside an engine in memory, in a folder of their own; `docker` is a script. */
export class PipelineFixture {
  private readonly store = new DisposableStore();
  readonly folder = mkdtempSync(join(tmpdir(), 'quaywatch-pipeline-'));
  readonly engine = this.store.add(new MemoryDeployEngine());
  readonly logged: string[] = [];

  open(options: Partial<LocalDeploymentsOptions> = {}): LocalDeployments {
    return this.store.add(
      new LocalDeployments({
        engine: this.engine,
        folder: this.path('state'),
        startedBy: 'test',
        log: (level, message) => this.logged.push(`${level}: ${message}`),
        tools: this.tools(),
        clock: systemClock,
        ...options,
      }),
    );
  }

  tools(own: Partial<Tools> = {}): Tools {
    return {
      git: 'git',
      docker: this.path('docker'),
      dockerCompose: 'no-such-program',
      environment: process.env,
      homeDirectory: homedir(),
      ...own,
    };
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** A file of the fixture's folder; resolves with its path. */
  file(name: string, content: string): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode: 0o755 });
    return path;
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** @param body of a shell script that is `docker`; `$*` are its arguments */
  docker(body: string): void {
    this.file('docker', `#!/bin/sh\n${body}\n`);
  }

  async over(deployments: LocalDeployments, id: string): Promise<Deployment> {
    const told = tell(deployments, id);
    await eventually(
      () => `deployment ${id} is over: ${JSON.stringify(told.states.at(-1))}`,
      () => told.ends > 0,
    );
    const last = told.states.at(-1);
    if (!last || !isOver(last.status)) throw new Error(`It ended with ${told.error?.message ?? 'nothing'}`);
    return last;
  }

  async deploy(
    deployments: LocalDeployments,
    spec: DeploymentSpec,
    more: Partial<DeploymentStart> = {},
  ): Promise<Deployment> {
    const { id } = await deployments.start({ spec, ...more });
    return this.over(deployments, id);
  }

  async dispose(): Promise<void> {
    this.store.dispose();
    // What is over may still be writing its index, or its lock.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }
}
