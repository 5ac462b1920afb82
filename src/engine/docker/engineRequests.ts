import type Dockerode from 'dockerode';
import { addAbortSignal, type Readable } from 'node:stream';
import { deferred } from '../../base/async';
import { EngineError } from '../engine';
import { withinDeadline } from './deadline';
import { toEngineError } from './errors';

/** How long the engine may take to answer, in milliseconds. */
export const ANSWER_DEADLINE_MS = 30_000;
/** More than any description an engine gives; what exceeds it is not read. */
const LONGEST_ANSWER_BYTES = 64 * 1024 * 1024;

export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Without the version and the query. */
  readonly path: string;
  readonly query?: object;
  /** Sent as JSON. */
  readonly body?: object;
  /** Sent as it is read, as a tar archive. */
  readonly archive?: Readable;
  /** Headers about registries, as the engine wants them: base64url of JSON. Secret. */
  readonly registryAuth?: string;
  readonly registryConfig?: string;
  /** Statuses that are no error; 200, 201 and 204 if left out. */
  readonly statuses?: readonly number[];
}

export interface RequestLimits {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const SUCCESS: readonly number[] = [200, 201, 204];

/**
 * Requests through dockerode's transport: its own methods never answer a request whose response breaks off half-way, and
 * gather streams in memory. Each ends within a deadline, when the connection is given up, or with the caller's signal,
 * and rejects with {@link EngineError} or the reason of that signal.
 */
export class EngineRequests {
  constructor(
    private readonly docker: Dockerode,
    private readonly connection: AbortSignal,
  ) {}

  /** The answer as JSON; `undefined` where it is empty. */
  async json(doing: string, request: EngineRequest, limits: RequestLimits = {}): Promise<unknown> {
    const text = await this.run(doing, limits, async (signal) =>
      readText(addAbortSignal(signal, await this.dial(request, signal))),
    );
    if (text.trim() === '') return undefined;
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new EngineError('badResponse', `Could not ${doing}: the engine's answer is no JSON.`, { cause });
    }
  }

  /** Opens an answer and reads it to its end; all of that within the deadline. */
  async read(
    doing: string,
    request: EngineRequest,
    limits: RequestLimits,
    read: (stream: Readable) => Promise<void>,
  ): Promise<void> {
    await this.run(doing, limits, async (signal) => {
      const stream = addAbortSignal(signal, await this.dial(request, signal));
      try {
        await read(stream);
      } finally {
        stream.destroy();
      }
    });
  }

  private async run<T>(
    doing: string,
    { deadlineMs = ANSWER_DEADLINE_MS, signal }: RequestLimits,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const either = signal ? AbortSignal.any([this.connection, signal]) : this.connection;
    try {
      return await withinDeadline({ deadlineMs, signal: either }, doing, work);
    } catch (error) {
      signal?.throwIfAborted();
      throw toEngineError(error, doing);
    }
  }

  private dial(request: EngineRequest, abortSignal: AbortSignal): Promise<Readable> {
    const { method, path, query = {}, body = {}, archive, registryAuth, registryConfig } = request;
    const answer = deferred<Readable>();
    const statusCodes = Object.fromEntries((request.statuses ?? SUCCESS).map((status) => [status, true]));
    this.docker.modem.dial(
      {
        path: `${path}?`,
        method,
        isStream: true,
        abortSignal,
        statusCodes,
        options: { _query: query, _body: body },
        ...(archive && { file: archive }),
        ...(registryAuth !== undefined && { authconfig: { base64: registryAuth } }),
        ...(registryConfig !== undefined && { registryconfig: { base64: registryConfig } }),
      },
      (error: unknown, response: unknown) => {
        if (error) answer.reject(error);
        else answer.resolve(response as Readable);
      },
    );
    return answer.promise;
  }
}

async function readText(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let lengthBytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    lengthBytes += chunk.length;
    if (lengthBytes > LONGEST_ANSWER_BYTES)
      throw new EngineError('badResponse', 'The answer is longer than any an engine gives.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
