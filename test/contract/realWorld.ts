import Docker from 'dockerode';
import type { ContainerId } from '../../src/model/container';
import { tarOf } from '../support/tar';
import { eventually } from '../support/eventually';
import { busyboxImage, testLabel, type EngineControl, type TestEngine } from '../support/testEngine';
import {
  ANY_LINE_LENGTH,
  NANOSECOND_TIMESTAMP,
  type ContainerSpec,
  type Expected,
  type Output,
  type World,
} from './world';

const NANOSECONDS = 1_000_000_000;

/** What differs between real engines. */
export interface RealEngineTraits {
  readonly expected: Expected;
  readonly hostConfig?: Docker.HostConfig;
  /** Podman leaves the rhythm of health checks to systemd. */
  readonly checksHealthByItself: boolean;
  /** What a run writes in the second in which another ended can't be told from what that one wrote. */
  readonly stampsWholeSeconds: boolean;
}

const DOCKER: RealEngineTraits = {
  expected: {
    product: 'Docker',
    version: /^\d+\.\d+/,
    apiVersion: '1.41',
    timestamp: NANOSECOND_TIMESTAMP,
    longestTerminalLine: ANY_LINE_LENGTH,
  },
  checksHealthByItself: true,
  stampsWholeSeconds: false,
};

/** Podman 4.3 stamps to the second, and each piece of a terminal's output without saying where the piece ends. */
export const PODMAN: RealEngineTraits = {
  expected: {
    product: 'Libpod',
    version: /^\d+\.\d+/,
    apiVersion: '1.41',
    timestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/,
    longestTerminalLine: 500,
  },
  hostConfig: { NetworkMode: 'none' },
  checksHealthByItself: false,
  stampsWholeSeconds: true,
};

/** A real engine. The containers are busybox shells. */
export class RealWorld implements World {
  readonly dockerHost: string;
  readonly docker: Docker;

  constructor(
    engine: TestEngine,
    private readonly control: EngineControl,
    private readonly traits = DOCKER,
  ) {
    this.dockerHost = engine.dockerHost;
    this.docker = new Docker({ socketPath: engine.socketPath });
  }

  get expected(): Expected {
    return this.traits.expected;
  }

  async create(spec: ContainerSpec): Promise<ContainerId> {
    const container = await this.docker.createContainer({
      name: spec.name,
      Image: busyboxImage,
      Cmd: ['sh', '-c', script(spec)],
      Labels: { ...spec.labels, [testLabel]: '1' },
      Tty: spec.tty ?? false,
      StopTimeout: 0,
      HostConfig: {
        ...this.traits.hostConfig,
        LogConfig: { Type: spec.logDriver ?? 'json-file', Config: {} },
      },
      ...(spec.failingHealthCheck === true && {
        Healthcheck: { Test: ['CMD', 'false'], Interval: NANOSECONDS / 5, Retries: 1, Timeout: NANOSECONDS },
      }),
    });
    if (spec.files) await container.putArchive(tarOf(spec.files), { path: '/' });
    return container.id;
  }

  async run(spec: ContainerSpec): Promise<ContainerId> {
    const id = await this.create(spec);
    await this.start(id);
    if (spec.failingHealthCheck === true && !this.traits.checksHealthByItself) await this.checkHealth(id);
    return id;
  }

  async start(id: ContainerId): Promise<void> {
    await this.docker.getContainer(id).start();
  }

  /** An event of Podman's names the health before the check it tells of, so that it takes two. */
  private async checkHealth(id: ContainerId): Promise<void> {
    for (let check = 0; check < 2; check++) await this.checkHealthOnce(id);
  }

  private checkHealthOnce(id: ContainerId): Promise<void> {
    const path = `/v4.0.0/libpod/containers/${id}/healthcheck`;
    return new Promise((resolve, reject) =>
      this.docker.modem.dial({ path, method: 'GET', statusCodes: { 200: true } }, (error: Error | null) =>
        error ? reject(error) : resolve(),
      ),
    );
  }

  async stop(id: ContainerId): Promise<void> {
    await this.docker.getContainer(id).stop({ t: 0 });
  }

  async pause(id: ContainerId): Promise<void> {
    await this.docker.getContainer(id).pause();
  }

  async unpause(id: ContainerId): Promise<void> {
    await this.docker.getContainer(id).unpause();
  }

  async rename(id: ContainerId, name: string): Promise<void> {
    await this.docker.getContainer(id).rename({ name });
  }

  async remove(id: ContainerId): Promise<void> {
    await this.docker.getContainer(id).remove({ force: true, v: true });
  }

  async die(id: ContainerId, exitCode: number): Promise<void> {
    await this.inside(id, `echo ${exitCode} > /exit-code`);
    const { StatusCode: status } = (await this.docker.getContainer(id).wait()) as { StatusCode: number };
    if (status !== exitCode) throw new Error(`The container ended with ${status}, not ${exitCode}.`);
    if (this.traits.stampsWholeSeconds) await anotherSecond();
  }

  async write(id: ContainerId, text: string): Promise<void> {
    await this.inside(id, `${printing(text)} > /proc/1/fd/1`);
  }

  /** Has a file appear that the container's command waits for. */
  async touch(id: ContainerId, path: string): Promise<void> {
    await this.inside(id, `: > ${path}`);
  }

  async stopEngine(how: 'politely' | 'killed'): Promise<void> {
    await (how === 'killed' ? this.control.kill9() : this.control.stop());
  }

  async startEngine(): Promise<void> {
    await this.control.start();
  }

  async cleanUp(): Promise<void> {
    const filters = { label: [testLabel] };
    for (const { Id: id } of await this.docker.listContainers({ all: true, filters })) await this.remove(id);
  }

  /** Runs a command in the container and waits for its end. */
  private async inside(id: ContainerId, command: string): Promise<void> {
    const exec = await this.docker
      .getContainer(id)
      .exec({ Cmd: ['sh', '-c', command], AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    await new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject).resume());
  }
}

/** Stays until the file /exit-code names the code to end with. */
const STAY =
  'trap "exit 0" TERM; while [ ! -s /exit-code ]; do sleep 0.05; done; code=$(cat /exit-code); rm /exit-code; exit $code';

function script({ output = [], command, exitCode }: ContainerSpec): string {
  const end = exitCode === undefined ? STAY : `exit ${exitCode}`;
  return [...(command === undefined ? output.map(writing) : [command]), end].join('\n');
}

function writing({ stream, text, times = 1 }: Output): string {
  const once = printing(text);
  const target = stream === 'stderr' ? ' >&2' : '';
  if (times === 1) return once + target;
  // awk repeats in memory and writes in one go; a shell loop would end every piece by itself.
  return `${once} | awk 'BEGIN { RS = "\\001" } { for (i = 0; i < ${times}; i++) printf "%s", $0 }'${target}`;
}

/** Base64, so that no byte means anything to the shell. */
function printing(text: string): string {
  return `echo ${Buffer.from(text).toString('base64')} | base64 -d`;
}

/** Resolves when the clock shows another second than now. */
async function anotherSecond(): Promise<void> {
  const second = (): number => Math.floor(Date.now() / 1000);
  const now = second();
  await eventually('another second', () => second() > now);
}
