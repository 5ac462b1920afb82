/** Kills the pipeline's process at seeded points, and looks at what is left once another has taken over. */
import Docker from 'dockerode';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/base/clock';
import { DeploymentStore } from '../../../src/deploy/deploymentStore';
import { JournalFolder } from '../../../src/deploy/journal/journalFolder';
import { JournalReader } from '../../../src/deploy/journal/journalReader';
import { isOver, type Deployment, type DeploymentSpec } from '../../../src/model/deployment';
import { DeployClient } from './deployClient';
import { seededRandom } from '../../support/random';
import { busyboxImage, testLabel, type TestEngine } from '../../support/testEngine';

export interface DeployRigOptions {
  readonly engine: TestEngine;
  readonly seed: number;
  readonly kills: number;
  readonly say?: (text: string) => void;
  readonly signal?: AbortSignal;
}

export interface DeployRigReport {
  readonly kills: number;
  /** Deployments that went on to their end, and those that were undone. */
  readonly finished: number;
  readonly rolledBack: number;
  /** Neither, though there was time. */
  readonly unfinished: number;
  /** Containers that nobody needs any more, and images of deployments that did not succeed. */
  readonly orphans: number;
  /** No version ran at the end, although one did before. */
  readonly downWithoutReplacement: number;
  /** What runs is not what the journal says. */
  readonly wrongVersion: number;
  /** In a journal, or in the view of a client that watches and follows through all the kills. */
  readonly progressWentBack: number;
  /** Also entries that a client missed, or was told twice. */
  readonly sequenceHoles: number;
  /** What clients were told: states of the list, and entries of the deployments they followed. */
  readonly clientStates: number;
  readonly clientEntries: number;
  /** In which stages the kills fell. */
  readonly stages: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly seconds: number;
}

const APP = 'quaywatch-rig-app';
const OVER_TIMEOUT_MS = 60_000;
const READY_TIMEOUT_MS = 60_000;
/** Most deployments take about this long here, at first; later ones tell how long they take. */
const FIRST_GUESS_MS = 3_000;
const LONGEST_TAKE_OVER_DELAY_MS = 800;
/** Where the kills fall, each as often as the others; `undefined` is anywhere. */
const STAGES = [undefined, 'building_image', 'stopping_old', 'starting_new', 'health_check', 'completed'];
const LONGEST_STAGE_DELAY_MS = 400;
const COMMAND = ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'];

export async function runDeployRig(options: DeployRigOptions): Promise<DeployRigReport> {
  const run = new DeployRun(options);
  try {
    return await run.all();
  } finally {
    await run.dispose();
  }
}

class DeployRun {
  private readonly docker: Docker;
  private readonly random: () => number;
  private readonly folder = mkdtempSync(join(tmpdir(), 'quaywatch-rig-deploy-'));
  private readonly journals: JournalFolder;
  private readonly children = new Set<ChildProcess>();
  private readonly client: DeployClient;
  private readonly stages: Record<string, number> = {};
  private readonly counts = {
    kills: 0,
    finished: 0,
    rolledBack: 0,
    unfinished: 0,
    downWithoutReplacement: 0,
    wrongVersion: 0,
    progressWentBack: 0,
    sequenceHoles: 0,
  };
  private usualMs = FIRST_GUESS_MS;
  private runningImage = '';

  constructor(private readonly options: DeployRigOptions) {
    this.docker = new Docker({ socketPath: options.engine.socketPath });
    this.random = seededRandom(options.seed);
    this.journals = new JournalFolder(join(this.folder, 'state'), systemClock);
    this.client = new DeployClient(this.journals.path, (text) => options.say?.(text));
  }

  async all(): Promise<DeployRigReport> {
    const startedMs = Date.now();
    await this.clear();
    await this.round(0, false);
    for (let kill = 1; kill <= this.options.kills && this.options.signal?.aborted !== true; kill++)
      await this.round(kill, true);
    const { counts, client } = this;
    return {
      ...counts,
      progressWentBack: counts.progressWentBack + client.wentBack,
      sequenceHoles: counts.sequenceHoles + client.holes,
      clientStates: client.states,
      clientEntries: client.entries,
      orphans: await this.countOrphans(),
      stages: this.stages,
      seed: this.options.seed,
      seconds: Math.round((Date.now() - startedMs) / 1000),
    };
  }

  async dispose(): Promise<void> {
    this.client.dispose();
    for (const child of this.children) child.kill('SIGKILL');
    await this.clear();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Also what a run that was broken off left on an engine that is used again. */
  private async clear(): Promise<void> {
    const made = await this.docker.listContainers({
      all: true,
      filters: { label: [`dev.quaywatch.app=${APP}`] },
    });
    await Promise.all(made.map(({ Id }) => this.docker.getContainer(Id).remove({ force: true, v: true })));
    for (const tag of await this.tags()) await this.docker.getImage(tag).remove();
  }

  private async round(number: number, isKilled: boolean): Promise<void> {
    const child = this.start(this.spec(number));
    const id = await this.idOf(child);
    const beganMs = Date.now();
    this.client.follow(id);
    if (isKilled) {
      await this.killPoint(child);
      // The process that takes over may be killed, too, before it is done.
      await this.kill(child, id);
      if (this.random() < 0.3) {
        const second = this.start();
        await pause(this.random() * LONGEST_TAKE_OVER_DELAY_MS);
        await end(second);
        this.children.delete(second);
      }
    }
    const keeper = isKilled ? this.start() : child;
    const over = await this.over(id);
    if (!isKilled) this.usualMs = Date.now() - beganMs;
    await end(keeper);
    this.children.delete(keeper);
    await this.client.over(id);
    await this.check(id, over);
  }

  /** At any time, or soon after it entered a stage: most of the time it builds. */
  private async killPoint(child: ChildProcess): Promise<void> {
    const stage = STAGES[Math.floor(this.random() * STAGES.length)];
    if (stage === undefined) return pause(this.random() * this.usualMs);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, OVER_TIMEOUT_MS);
      child.stdout?.on('data', (text: string) => {
        if (!text.includes(`stage ${stage}`)) return;
        clearTimeout(timer);
        resolve();
      });
    });
    await pause(this.random() * LONGEST_STAGE_DELAY_MS);
  }

  private async kill(child: ChildProcess, id: string): Promise<void> {
    await end(child);
    this.children.delete(child);
    this.counts.kills += 1;
    const { deployment } = await this.journals.summarize(id);
    const stage = deployment === undefined ? 'none' : isOver(deployment.status) ? 'over' : deployment.stage;
    this.stages[stage] = (this.stages[stage] ?? 0) + 1;
    this.options.say?.(`kill ${this.counts.kills} in ${stage}`);
  }

  /** Every version is another image, so that what runs tells which it is. */
  private spec(number: number): DeploymentSpec {
    const folder = join(this.folder, 'source');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'message'), `version ${number}\n`);
    const dockerfile = `FROM ${busyboxImage}\nCOPY message /message\nRUN sleep 0.2\nCMD ${JSON.stringify(COMMAND)}\n`;
    writeFileSync(join(folder, 'Dockerfile'), dockerfile);
    return {
      app: APP,
      source: { kind: 'folder', folder },
      run: { labels: { [testLabel]: '1' } },
      health: { stableMs: 300 },
    };
  }

  private start(spec?: DeploymentSpec): ChildProcess {
    const program = join(__dirname, 'pipelineProcess.ts');
    const args = ['--import', 'tsx', program, this.journals.path, ...(spec ? [JSON.stringify(spec)] : [])];
    const env = { ...process.env, DOCKER_HOST: this.options.engine.dockerHost };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.children.add(child);
    return child;
  }

  private idOf(child: ChildProcess): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = '';
      const timer = setTimeout(() => reject(new Error('The pipeline did not start.')), READY_TIMEOUT_MS);
      child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        const id = /^id (\S+)$/m.exec(text)?.[1];
        if (id === undefined) return;
        clearTimeout(timer);
        resolve(id);
      });
      child.once('exit', () => reject(new Error('The pipeline ended at its start.')));
    });
  }

  private async over(id: string): Promise<Deployment | undefined> {
    const deadlineMs = Date.now() + OVER_TIMEOUT_MS;
    while (Date.now() < deadlineMs) {
      const { deployment } = await this.journals.summarize(id);
      if (deployment && isOver(deployment.status)) return deployment;
      await pause(50);
    }
    return undefined;
  }

  private async check(id: string, over: Deployment | undefined): Promise<void> {
    if (!over) this.counts.unfinished += 1;
    else if (over.status === 'success') this.counts.finished += 1;
    else this.counts.rolledBack += 1;
    if (over?.status === 'success') this.runningImage = over.imageId ?? '';
    const running = await this.docker
      .getContainer(APP)
      .inspect()
      .catch(() => undefined);
    if (running?.State.Running !== true) {
      this.counts.downWithoutReplacement += 1;
      this.options.say?.(`down after ${id}: ${JSON.stringify(over)}`);
    } else if (running.Image !== this.runningImage) {
      this.counts.wrongVersion += 1;
      this.options.say?.(`wrong version after ${id}: ${JSON.stringify(over)}`);
    }
    await this.checkJournal(id);
  }

  private async checkJournal(id: string): Promise<void> {
    let progress = 0;
    let sequence = 0;
    await new JournalReader(this.journals.journalPath(id)).read((records) => {
      for (const record of records) {
        if (record.kind !== 'log' && record.kind !== 'state') continue;
        if (record.sequence !== sequence + 1) this.counts.sequenceHoles += 1;
        sequence = record.sequence;
        if (record.kind !== 'state') continue;
        if (record.deployment.progress < progress) this.counts.progressWentBack += 1;
        progress = record.deployment.progress;
      }
      return true;
    });
  }

  /** One container is the version that runs; the images are those that can be rolled back to. */
  private async countOrphans(): Promise<number> {
    const containers = await this.docker.listContainers({ all: true, filters: { name: [APP] } });
    const store = new DeploymentStore(this.journals, systemClock);
    await store.load();
    const kept = store.withImages.map(({ id }) => id);
    store.dispose();
    const images = (await this.tags()).filter((tag) => !kept.includes(tag.slice(tag.indexOf(':') + 1)));
    for (const one of containers.slice(1)) this.options.say?.(`orphan ${one.Names.join()} ${one.State}`);
    for (const tag of images) this.options.say?.(`orphan image ${tag}`);
    return Math.max(0, containers.length - 1) + images.length;
  }

  private async tags(): Promise<readonly string[]> {
    const images = await this.docker.listImages({ filters: { reference: [`quaywatch/${APP}`] } });
    return images.flatMap(({ RepoTags }) => RepoTags ?? []);
  }
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** Killed, and gone. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** What must not be. */
export function deployFaults(report: DeployRigReport): number {
  const { unfinished, orphans, downWithoutReplacement, wrongVersion, progressWentBack, sequenceHoles } =
    report;
  return unfinished + orphans + downWithoutReplacement + wrongVersion + progressWentBack + sequenceHoles;
}
