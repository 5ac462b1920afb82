import { Readable } from 'node:stream';
import { FrameReader } from '../../model/logFraming';
import type {
  BuildOutput,
  ContainerDetails,
  ImageBuild,
  ImageDetails,
  LayerProgress,
  NewContainer,
  RegistrySignIn,
} from '../deployEngine';
import { EngineError } from '../engine';
import { readBuildOutput, readPullOutput } from './buildOutput';
import { createBody, readContainerDetails, readImage } from './deployJson';
import type { EngineRequests } from './engineRequests';
import { asArray, asFields, asText } from './fields';
import { fieldOf } from './explanation';
import { parseImageName } from './imageName';

/** A step may run for long without a word; a person can cancel it. */
const BUILD_DEADLINE_MS = 4 * 60 * 60 * 1000;
const PULL_DEADLINE_MS = 2 * 60 * 60 * 1000;
/** Waits for the container's own stop time-out, 10 s unless the container sets it. */
const STOP_DEADLINE_MS = 150_000;
/** Of the last lines of a log no more than this is kept. */
const LONGEST_TAIL_BYTES = 1024 * 1024;

const NOT_FOUND = 404;
const CONFLICT = 409;
const ALREADY_SO = 304;

/** The Engine API requests of deployments. Each rejects with EngineErrors, or the reason of the caller's signal. */
export class DeployApi {
  constructor(private readonly requests: EngineRequests) {}

  /** As the engine made it up when it first ran. */
  async engineId(): Promise<string | undefined> {
    const answer = await this.requests.json('read about the engine', { method: 'GET', path: '/info' });
    const id = asText(asFields(answer)?.['ID']);
    return id === '' ? undefined : id;
  }

  async build(build: ImageBuild, output: BuildOutput, signal: AbortSignal): Promise<string> {
    const { context, dockerfile, tag, target, args, registries } = build;
    const archive = Readable.from(context, { objectMode: false });
    let imageId: string | undefined;
    try {
      await this.requests.read(
        'build the image',
        {
          method: 'POST',
          path: '/build',
          query: {
            dockerfile,
            t: tag,
            version: '1',
            rm: true,
            forcerm: true,
            ...(target !== undefined && { target }),
            ...(Object.keys(args).length > 0 && { buildargs: args }),
          },
          archive,
          ...(Object.keys(registries).length > 0 && { registryConfig: base64UrlJson(registries) }),
        },
        { deadlineMs: BUILD_DEADLINE_MS, signal },
        async (stream) => {
          imageId = await readBuildOutput(stream, output);
        },
      );
    } finally {
      archive.destroy();
    }
    const image = await this.inspectImage(tag, signal);
    if (!image && imageId === undefined)
      throw new EngineError('badResponse', 'The engine built the image, but does not know it.');
    return image?.id ?? imageId ?? '';
  }

  async pull(
    image: string,
    signIn: RegistrySignIn | undefined,
    progress: (progress: LayerProgress) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { repository, tag } = parseImageName(image);
    const registryAuth = signIn && { registryAuth: base64UrlJson(signIn) };
    await this.requests.read(
      'pull the image',
      { method: 'POST', path: '/images/create', query: { fromImage: repository, tag }, ...registryAuth },
      { deadlineMs: PULL_DEADLINE_MS, signal },
      (stream) => readPullOutput(stream, progress),
    );
  }

  async inspectImage(image: string, signal?: AbortSignal): Promise<ImageDetails | undefined> {
    const path = `/images/${encodeURIComponent(image)}/json`;
    const answer = await unlessGone(
      this.requests.json('inspect the image', { method: 'GET', path }, { signal }),
    );
    return answer === undefined ? undefined : readImage(answer);
  }

  async tagImage(image: string, repository: string, tag: string): Promise<void> {
    const path = `/images/${encodeURIComponent(image)}/tag`;
    await this.requests.json('tag the image', { method: 'POST', path, query: { repo: repository, tag } });
  }

  async removeImage(name: string): Promise<void> {
    const path = `/images/${encodeURIComponent(name)}`;
    const statuses = [200, NOT_FOUND, CONFLICT];
    await this.requests.json('remove the image', { method: 'DELETE', path, statuses });
  }

  async listContainers(labels: readonly string[]): Promise<readonly ContainerDetails[]> {
    const query = { all: true, filters: { label: [...labels] } };
    const path = '/containers/json';
    const list = await this.requests.json('list the containers', { method: 'GET', path, query });
    const ids = asArray(list).map((entry) => asText(asFields(entry)?.['Id']) ?? '');
    const details = await Promise.all(ids.map((id) => this.inspectContainer(id)));
    return details.filter((container) => container !== undefined);
  }

  async inspectContainer(idOrName: string): Promise<ContainerDetails | undefined> {
    const path = `/containers/${encodeURIComponent(idOrName)}/json`;
    const answer = await unlessGone(this.requests.json('inspect the container', { method: 'GET', path }));
    return answer === undefined ? undefined : readContainerDetails(answer);
  }

  async createContainer(container: NewContainer): Promise<string> {
    const query = { name: container.name };
    const body = createBody(container);
    const path = '/containers/create';
    const answer = await this.requests.json('create the container', { method: 'POST', path, query, body });
    const id = asText(asFields(answer)?.['Id']);
    if (id === undefined) throw new EngineError('badResponse', 'The engine did not name the new container.');
    for (const network of (container.run.networks ?? []).slice(1)) await this.connectNetwork(network, id);
    return id;
  }

  async startContainer(id: string): Promise<void> {
    await this.act('start the container', `/containers/${id}/start`, [204, ALREADY_SO]);
  }

  async stopContainer(id: string): Promise<void> {
    const statuses = [204, ALREADY_SO, NOT_FOUND];
    await this.act('stop the container', `/containers/${id}/stop`, statuses, STOP_DEADLINE_MS);
  }

  async renameContainer(id: string, name: string): Promise<void> {
    const request = { method: 'POST', path: `/containers/${id}/rename`, query: { name } } as const;
    await this.requests.json('rename the container', request);
  }

  async removeContainer(id: string, volumes?: 'kept'): Promise<void> {
    const path = `/containers/${id}`;
    const query = { force: true, v: volumes !== 'kept' };
    // A conflict is somebody else who removes it at the same time.
    const statuses = [204, NOT_FOUND, CONFLICT];
    await this.requests.json('remove the container', { method: 'DELETE', path, query, statuses });
  }

  async readLastLines({ id, hasTerminal }: ContainerDetails, count: number): Promise<readonly string[]> {
    const query = { stdout: true, stderr: true, tail: count };
    const chunks: Buffer[] = [];
    let lengthBytes = 0;
    const keep = (chunk: Uint8Array): void => {
      if (lengthBytes >= LONGEST_TAIL_BYTES) return;
      chunks.push(Buffer.from(chunk));
      lengthBytes += chunk.length;
    };
    const frames = new FrameReader((_type, buffer, start, end) => keep(buffer.subarray(start, end)));
    const path = `/containers/${id}/logs`;
    await this.requests.read('read the log', { method: 'GET', path, query }, {}, async (stream) => {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        if (hasTerminal) keep(chunk);
        else frames.push(chunk);
      }
    });
    const lines = Buffer.concat(chunks).toString('utf8').split(/\r?\n/);
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-count);
  }

  private async connectNetwork(network: string, container: string): Promise<void> {
    const path = `/networks/${encodeURIComponent(network)}/connect`;
    const body = { Container: container };
    await this.requests.json('connect the container to its network', { method: 'POST', path, body });
  }

  private async act(
    doing: string,
    path: string,
    statuses: readonly number[],
    deadlineMs?: number,
  ): Promise<void> {
    const limits = deadlineMs === undefined ? {} : { deadlineMs };
    await this.requests.json(doing, { method: 'POST', path, statuses }, limits);
  }
}

/** `undefined` for what the engine does not have. */
async function unlessGone(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof EngineError && fieldOf(error.cause, 'statusCode') === NOT_FOUND) return undefined;
    throw error;
  }
}

/** With its padding: without it engines take the header for nothing at all. */
function base64UrlJson(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
