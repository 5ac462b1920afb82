import type { Readable } from 'node:stream';
import { deferred } from '../../base/async';
import type { Clock } from '../../base/clock';
import { messageOf } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import { LineSplitter } from '../../model/ndjson';
import { EngineError } from '../engine';
import { decodeUtf8 } from './utf8';

/** Four of Podman's periods. */
export const SILENCE_MS = 20_000;

/** Reads an opened stream of statistics: hands on each of its JSON values, until it ends, breaks or is disposed. */
export class StatsStream implements Disposable {
  private readonly ended = deferred<undefined>();
  private readonly lines = new LineSplitter((text) => this.take(text), decodeUtf8);
  private silence: Disposable | undefined;

  constructor(
    private readonly stream: Readable,
    private readonly clock: Clock,
    private readonly onValue: (value: unknown) => void,
  ) {
    this.listen();
    stream.on('data', (chunk: Buffer) => this.push(chunk));
    stream.on('end', () => this.ended.resolve(undefined));
    stream.on('error', (error) => this.ended.reject(brokeOff(error)));
    // After `end` the promise is settled and this changes nothing.
    stream.on('close', () => this.ended.reject(brokeOff()));
  }

  /**
   * Resolves when the engine ended the stream, or it was disposed. Rejects with an EngineError: `connectionLost` when it
   * broke off, `timeout` after {@link SILENCE_MS} without a value, `badResponse` when it holds what is no JSON.
   */
  get done(): Promise<void> {
    return this.ended.promise;
  }

  dispose(): void {
    this.ended.resolve(undefined);
    this.close();
  }

  private push(chunk: Buffer): void {
    try {
      this.lines.push(chunk);
    } catch (error) {
      const message = `The statistics can't be read: ${messageOf(error)}`;
      this.fail(new EngineError('badResponse', message, { cause: error }));
    }
  }

  private take(text: string): void {
    if (this.stream.destroyed) return;
    const value: unknown = JSON.parse(text);
    this.listen();
    this.onValue(value);
  }

  private listen(): void {
    this.silence?.dispose();
    const text = `The engine sent no statistics for ${SILENCE_MS / 1000} s.`;
    this.silence = this.clock.setTimer(() => this.fail(new EngineError('timeout', text)), SILENCE_MS);
  }

  private fail(error: EngineError): void {
    this.ended.reject(error);
    this.close();
  }

  private close(): void {
    this.silence?.dispose();
    this.stream.destroy();
  }
}

function brokeOff(cause?: Error): EngineError {
  return new EngineError('connectionLost', 'The connection broke while statistics were read.', { cause });
}
