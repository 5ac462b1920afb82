import type Dockerode from 'dockerode';
import { addAbortSignal, type Duplex, type Readable } from 'node:stream';
import { deferred } from '../../base/async';
import { assertNever } from '../../base/errors';
import type { ContainerId } from '../../model/container';
import type { ContainerIdentity } from '../../model/containerIdentity';
import { EngineError, type ContainerCommand, type TerminalSize } from '../engine';
import type { ContainerSource } from './containerWatch';
import { withinDeadline } from './deadline';
import type { DockerClient } from './dockerClient';
import { toEngineError } from './errors';
import { readCompose } from './containerList';
import { rotates } from './logFidelity';
import { asFields, asNumber, asText, asTextRecord, type Fields } from './fields';

/** How long the engine may take to answer, in milliseconds. */
const ANSWER_DEADLINE_MS = 30_000;
/** Stopping waits for the container's own stop time-out, 10 s unless the container sets it. */
const STOP_DEADLINE_MS = 150_000;
const SUBSCRIBE_DEADLINE_MS = 10_000;
/**
 * Events of the last seconds are asked for again: engine 20.10 sends `die` a little before its list shows the end, so a
 * list just after a subscription may show a container running whose end was announced just before it.
 */
const REPLAYED_SECONDS = 5;

/** Parameters of `GET /containers/{id}/logs`. */
export interface LogQuery {
  readonly follow: boolean;
  readonly tail?: number | 'all';
  /** Seconds since the Unix epoch with nanoseconds, inclusive. */
  readonly since?: string;
}

/** One run of a container. */
export interface RunState {
  readonly isRunning: boolean;
  /** Tells one run from the next; empty before the first. */
  readonly startedAt: string;
  readonly exitCode?: number;
  readonly outOfMemory: boolean;
}

/** What a log reader needs to know of a container. */
export interface ContainerRun extends RunState {
  readonly hasTerminal: boolean;
  /** As `docker info` calls it; empty if the engine does not say. */
  readonly logDriver: string;
  /** The driver removes the log's oldest part when the log grows. */
  readonly logRotates: boolean;
  readonly identity: ContainerIdentity;
}

/** An exec whose process runs and is attached. */
export interface AttachedExec {
  readonly id: string;
  readonly stream: Duplex;
}

/**
 * The Engine API requests Quaywatch makes, over dockerode. Each ends within a deadline or when the connection is given
 * up (`signal`), and rejects with {@link EngineError} only.
 */
export class DockerApi implements ContainerSource {
  private readonly docker: Dockerode;

  constructor(
    private readonly client: Pick<DockerClient, 'docker' | 'logModem'>,
    private readonly signal: AbortSignal,
  ) {
    this.docker = client.docker;
  }

  async openEvents(): Promise<Readable> {
    return this.openStream('follow the events', SUBSCRIBE_DEADLINE_MS, '/events?', {
      filters: { type: ['container'] },
      since: String(Math.floor(Date.now() / 1000) - REPLAYED_SECONDS),
    });
  }

  /** As {@link openEvents}, of images. `signal` gives up the request as well as the stream. */
  async openImageEvents(signal: AbortSignal): Promise<Readable> {
    return this.until(signal).openStream('follow the events of images', SUBSCRIBE_DEADLINE_MS, '/events?', {
      filters: { type: ['image'] },
    });
  }

  /** Of those that `docker images` lists. */
  async countImages(): Promise<number> {
    const list = await this.getJson('list the images', '/images/json?', {});
    if (!Array.isArray(list))
      throw new EngineError('badResponse', 'The engine answered the list of images with something else.');
    return list.length;
  }

  /** What the engine says of itself and its machine. */
  async readInfo(): Promise<Fields> {
    const info = asFields(await this.getJson('ask the engine about its machine', '/info?', {}));
    if (!info) throw new EngineError('badResponse', 'The engine described itself unreadably.');
    return info;
  }

  async listContainers(ids?: readonly ContainerId[]): Promise<readonly unknown[]> {
    const filters = ids ? { filters: { id: [...ids] } } : {};
    const list = await this.getJson('list the containers', '/containers/json?', { all: true, ...filters });
    if (!Array.isArray(list)) {
      throw new EngineError(
        'badResponse',
        'The engine answered the list of containers with something that is no list.',
      );
    }
    return list as readonly unknown[];
  }

  async inspect(id: ContainerId): Promise<unknown> {
    const path = `/containers/${encodeURIComponent(id)}/json?`;
    const description = await this.getJson('inspect the container', path, {});
    if (!asFields(description))
      throw new EngineError('badResponse', 'The engine described the container unreadably.');
    return description;
  }

  async inspectRun(id: ContainerId): Promise<ContainerRun> {
    const description = asFields(await this.inspect(id));
    const state = asFields(description?.['State']);
    const exitCode = asNumber(state?.['ExitCode']);
    return {
      hasTerminal: asFields(description?.['Config'])?.['Tty'] === true,
      isRunning: state?.['Running'] === true,
      startedAt: readStart(asText(state?.['StartedAt'])),
      outOfMemory: state?.['OOMKilled'] === true,
      ...readLogConfig(asFields(asFields(description?.['HostConfig'])?.['LogConfig'])),
      identity: readIdentity(description ?? {}),
      ...(exitCode === undefined ? {} : { exitCode }),
    };
  }

  async perform(command: ContainerCommand): Promise<void> {
    const deadlineMs =
      command.kind === 'stop' || command.kind === 'restart' ? STOP_DEADLINE_MS : ANSWER_DEADLINE_MS;
    await this.request(`${command.kind} the container`, deadlineMs, async (abortSignal) => {
      try {
        await this.send(command, abortSignal);
      } catch (error) {
        if (!isAlreadySo(error)) throw error;
      }
    });
  }

  /** Opens a log; the stream belongs to the caller. */
  async openLog(id: ContainerId, query: LogQuery): Promise<Readable> {
    const path = `/containers/${encodeURIComponent(id)}/logs?`;
    const parameters = { stdout: true, stderr: true, timestamps: true, ...query };
    return this.openStream('open the log', ANSWER_DEADLINE_MS, path, parameters, this.client.logModem);
  }

  /**
   * Opens a container's statistics, one line of JSON for each sample; the stream belongs to the caller. `signal` gives up
   * the request as well as the stream.
   */
  async openStats(id: ContainerId, signal: AbortSignal): Promise<Readable> {
    const path = `/containers/${encodeURIComponent(id)}/stats?`;
    const query = { stream: true };
    return this.until(signal).openStream('follow the statistics', ANSWER_DEADLINE_MS, path, query);
  }

  async openExec(id: ContainerId, command: readonly string[], size: TerminalSize): Promise<AttachedExec> {
    const exec = await this.request('create the shell', ANSWER_DEADLINE_MS, (abortSignal) =>
      this.docker.getContainer(id).exec({
        Cmd: [...command],
        AttachStdin: true,
        AttachStdout: true,
        AttachStderr: true,
        Tty: true,
        Env: [`COLUMNS=${size.columns}`, `LINES=${size.rows}`],
        abortSignal,
      }),
    );
    const stream = await this.request('start the shell', ANSWER_DEADLINE_MS, (abortSignal) =>
      exec.start({ hijack: true, stdin: true, Tty: true, abortSignal }),
    );
    return { id: exec.id, stream };
  }

  async resizeExec(execId: string, size: TerminalSize): Promise<void> {
    await this.request('resize the terminal', ANSWER_DEADLINE_MS, (abortSignal) =>
      this.docker.getExec(execId).resize({ h: size.rows, w: size.columns, abortSignal }),
    );
  }

  /** The exit code of an exec that ended; `undefined` while it runs. */
  async execExitCode(execId: string): Promise<number | undefined> {
    const description: unknown = await this.request(
      'ask for the exit code',
      ANSWER_DEADLINE_MS,
      (abortSignal) => this.docker.getExec(execId).inspect({ abortSignal }),
    );
    return asNumber(asFields(description)?.['ExitCode']);
  }

  /** The same, whose requests and streams can also be given up earlier. */
  private until(signal: AbortSignal): DockerApi {
    return new DockerApi(this.client, AbortSignal.any([this.signal, signal]));
  }

  private async send(command: ContainerCommand, abortSignal: AbortSignal): Promise<void> {
    const container = this.docker.getContainer(command.id);
    switch (command.kind) {
      case 'start':
        await container.start({ abortSignal });
        return;
      case 'stop':
        await container.stop({ abortSignal });
        return;
      case 'restart':
        await container.restart({ abortSignal });
        return;
      case 'pause':
        await container.pause({ abortSignal });
        return;
      case 'unpause':
        await container.unpause({ abortSignal });
        return;
      case 'kill':
        await container.kill({ signal: command.signal, abortSignal });
        return;
      case 'rename':
        await container.rename({ name: command.name, abortSignal });
        return;
      case 'remove':
        await container.remove({ force: command.force, v: command.volumes, abortSignal });
        return;
      default:
        assertNever(command);
    }
  }

  /** Opens an answer that streams; it breaks off when the connection is given up. */
  private async openStream(
    doing: string,
    deadlineMs: number,
    path: string,
    query: object,
    modem = this.docker.modem,
  ): Promise<Readable> {
    const stream = await this.request(doing, deadlineMs, (abortSignal) =>
      this.get(path, query, abortSignal, modem),
    );
    return addAbortSignal(this.signal, stream);
  }

  private async getJson(doing: string, path: string, query: object): Promise<unknown> {
    return this.request(doing, ANSWER_DEADLINE_MS, async (abortSignal) => {
      const text = await readText(await this.get(path, query, abortSignal));
      try {
        return JSON.parse(text) as unknown;
      } catch (cause) {
        throw new EngineError('badResponse', `Could not ${doing}: the engine's answer is no JSON.`, {
          cause,
        });
      }
    });
  }

  /**
   * Asks dockerode's transport directly: its own methods never answer a request whose response breaks off half-way,
   * hand on text where JSON was malformed, and gather a log in memory before they hand it on.
   */
  private get(
    path: string,
    query: object,
    abortSignal: AbortSignal,
    modem = this.docker.modem,
  ): Promise<Readable> {
    const answer = deferred<Readable>();
    const options = { ...query };
    modem.dial(
      { path, method: 'GET', isStream: true, abortSignal, statusCodes: { 200: true }, options },
      (error: unknown, response: unknown) => {
        if (error) answer.reject(error);
        else answer.resolve(response as Readable);
      },
    );
    return answer.promise;
  }

  private async request<T>(
    doing: string,
    deadlineMs: number,
    send: (abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    try {
      return await withinDeadline({ deadlineMs, signal: this.signal }, doing, send);
    } catch (error) {
      throw toEngineError(error, doing);
    }
  }
}

async function readText(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function readIdentity(description: Fields): ContainerIdentity {
  const name = (asText(description['Name']) ?? '').replace(/^\//, '');
  const compose = readCompose(asTextRecord(asFields(description['Config'])?.['Labels']));
  return { name, ...(compose && { compose }) };
}

function readLogConfig(config: Fields | undefined): Pick<ContainerRun, 'logDriver' | 'logRotates'> {
  const logDriver = asText(config?.['Type']) ?? '';
  const options = asTextRecord(config?.['Config']);
  return { logDriver, logRotates: rotates(logDriver, options) };
}

/** The engine dates what has not happened to the year 1. */
function readStart(startedAt: string | undefined): string {
  return startedAt === undefined || startedAt.startsWith('0001-') ? '' : startedAt;
}

/** HTTP 304: the container was already started or stopped. */
function isAlreadySo(error: unknown): boolean {
  return asFields(error)?.['statusCode'] === 304;
}
