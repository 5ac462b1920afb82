/** A real Docker engine on this machine, with writers in busybox containers. */
import Docker from 'dockerode';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../../../scripts/lib/processes.mjs';
import { seededRandom } from '../../support/random';
import { busyboxImage, testLabel } from '../../support/testEngine';
import { encodePool, makePayloads } from '../oracle/payloads';
import type { EngineRestart, RigEngine, RigWriter, RunEnding, WriterSpec } from './rigEngine';
import { AWK, writerCommand } from './writerScript';

/** Containers of the rig, and of nobody else. */
const RIG_LABEL = 'quaywatch.rig';
/** What a writer takes at most to hear of a stop and to end what it writes. */
const STOP_SECONDS = 20;
const KEPT_FILES = 5;

/** The controls of an engine of our own. */
export interface EngineControls {
  start(): Promise<unknown>;
  stop(): Promise<unknown>;
  kill9(): Promise<unknown>;
}

export class RealEngine implements RigEngine {
  readonly partStamps = 'shared';
  private readonly docker: Docker;

  private constructor(
    readonly name: string,
    readonly socketPath: string,
    private readonly controls: EngineControls | undefined,
    private readonly folder: string,
  ) {
    this.docker = new Docker({ socketPath });
  }

  static async open(socketPath: string, controls: EngineControls | undefined): Promise<RealEngine> {
    const { Version: version } = (await new Docker({ socketPath }).version()) as { Version: string };
    const folder = await mkdtemp(join(tmpdir(), 'quaywatch-rig-'));
    return new RealEngine(`real ${version}`, socketPath, controls, folder);
  }

  get canRestart(): boolean {
    return this.controls !== undefined;
  }

  async create(spec: WriterSpec): Promise<RigWriter> {
    const folder = await mkdtemp(join(this.folder, `${spec.name}-`));
    const hasWideLongLines = spec.driver === 'local';
    const random = seededRandom(spec.seed);
    writeFileSync(join(folder, 'pool'), encodePool(makePayloads({ random, hasWideLongLines })));
    writeFileSync(join(folder, 'write.awk'), AWK);
    writeFileSync(join(folder, 'permit'), '0');
    const { rotateAtBytes } = spec;
    const limits = { 'max-size': String(rotateAtBytes), 'max-file': String(KEPT_FILES) };
    const container = await this.docker.createContainer({
      Image: busyboxImage,
      Cmd: writerCommand(spec),
      Labels: { [testLabel]: '1', [RIG_LABEL]: this.folder },
      Tty: spec.hasTerminal,
      HostConfig: {
        Binds: [`${folder}:/rig`],
        NetworkMode: 'none',
        LogConfig: { Type: spec.driver, Config: rotateAtBytes === undefined ? {} : limits },
      },
    });
    return new RealWriter(spec, container.id, folder);
  }

  async start(writer: RigWriter): Promise<void> {
    await this.docker.getContainer(writer.id).start();
  }

  async end(writer: RigWriter, ending: RunEnding): Promise<void> {
    const container = this.docker.getContainer(writer.id);
    if (ending === 'restart') await container.restart({ t: STOP_SECONDS });
    else if (ending === 'stop') await container.stop({ t: STOP_SECONDS });
    else await container.kill();
    if (ending !== 'restart') await this.awaitEnd(writer);
  }

  async isRunning(writer: RigWriter): Promise<boolean> {
    const { State: state } = await this.docker.getContainer(writer.id).inspect();
    return state.Running;
  }

  async restartEngine(how: EngineRestart): Promise<void> {
    if (!this.controls) throw new Error('this engine is not ours to restart');
    await (how === 'killed' ? this.controls.kill9() : this.controls.stop());
    await this.controls.start();
  }

  async dispose(): Promise<void> {
    const filters = { label: [`${RIG_LABEL}=${this.folder}`] };
    for (const { Id: id } of await this.docker.listContainers({ all: true, filters })) {
      await this.docker.getContainer(id).remove({ force: true, v: true });
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  private async awaitEnd(writer: RigWriter): Promise<void> {
    await waitFor(async () => !(await this.isRunning(writer)), { what: `the end of ${writer.spec.name}` });
  }
}

class RealWriter implements RigWriter {
  private latestWritten = 0;

  constructor(
    readonly spec: WriterSpec,
    readonly id: string,
    private readonly folder: string,
  ) {}

  allow(lines: number, isLast: boolean): void {
    const path = join(this.folder, 'permit');
    writeFileSync(`${path}.new`, `${lines}${isLast ? ' last' : ''}\n`);
    renameSync(`${path}.new`, path);
  }

  written(): number {
    // Empty while the writer is about to replace it.
    const text = readOrEmpty(join(this.folder, 'written')).trim();
    if (text !== '') this.latestWritten = Number(text);
    return this.latestWritten;
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
