import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock';
import { deferred } from '../../base/async';
import type { Disposable } from '../../base/lifecycle';
import type { ContextArchive } from '../deployments';
import { encodeFrame, frameCost, type FrameType, type ReceivedFrame } from '../../protocol/dataFrames';
import { decodeUploadEnded } from '../../protocol/deploymentFrames';
import { ReceiveWindow, RetainedBytes, SendWindow, type FlowPosition } from '../../protocol/flowControl';
import { LIMITS } from '../../protocol/limits';
import { EngineError } from '../engine';
import type { AgentConnection } from './agentConnection';
import { AgentRefusal } from './agentErrors';
import { bodyOf } from './frameBody';
import type { RemoteStream, RemoteStreams } from './remoteStreams';

/** Without a single byte going on for so long, it does not go on any more. */
const STALL_MS = 90_000;

export interface RemoteUploadOptions {
  /** Unique for ever. */
  readonly id: string;
  readonly streams: RemoteStreams;
  readonly clock: Clock;
}

/** What was uploaded, as a command names it. */
export interface Uploaded {
  readonly upload: string;
  readonly sha256: string;
}

/** The session is gone, and with it what was uploaded: it has to be begun anew. */
export class UploadLost extends EngineError {
  constructor() {
    super('connectionLost', 'The agent does not have any more what was uploaded.');
  }
}

/** One attempt to get an archive to the agent, within one session: it goes on across connections. */
export class RemoteUpload implements RemoteStream {
  private readonly stream: number;
  private readonly received = new ReceiveWindow();
  private readonly outcome = deferred<undefined>();
  private readonly hash = createHash('sha256');
  private window: SendWindow<Uint8Array> | undefined;
  private connection: AgentConnection | undefined;
  /** Resolves when more may be sent, or it is over. */
  private wake = deferred<undefined>();
  private stall: Disposable | undefined;
  private isOver = false;

  constructor(private readonly options: RemoteUploadOptions) {
    this.stream = options.streams.add(this);
    // Whoever waits for it may not have begun to.
    this.outcome.promise.catch(() => undefined);
  }

  get position(): FlowPosition | undefined {
    return this.isOver || !this.window ? undefined : this.received.position;
  }

  /** Resolves when the agent has all of it. Rejects with EngineError; {@link UploadLost} where another try may help. */
  async run(archive: ContextArchive, connection: AgentConnection): Promise<Uploaded> {
    const { id } = this.options;
    this.goesOn();
    try {
      await this.open(connection);
      await Promise.race([this.send(archive), this.outcome.promise]);
      await this.outcome.promise;
      return { upload: id, sha256: this.hash.digest('base64url') };
    } catch (error) {
      this.fail(asEngineError(error));
      this.connection?.request('stop_upload', { upload: id }, { done: ignore, failed: ignore });
      throw asEngineError(error);
    } finally {
      this.leave();
    }
  }

  /** What is to be sent again comes first: see {@link resumed}. */
  connected(connection: AgentConnection): void {
    this.connection = connection;
  }

  disconnected(): void {
    this.connection = undefined;
  }

  resumed(receivedSequence: number): void {
    const again = this.window?.resume({ sequence: receivedSequence, credit: 0 });
    if (!again || !this.connection) {
      this.fail(new UploadLost());
      return;
    }
    this.goesOn();
    for (const frame of again) this.connection.sendFrame(frame, () => this.proceed());
    this.proceed();
  }

  gone(): void {
    this.fail(new UploadLost());
  }

  receive(frame: ReceivedFrame): void {
    this.received.receive(frame.sequence, frameCost(frame));
    const ack = this.received.consume(frame.sequence) ?? this.received.takeAck();
    if (ack) this.options.streams.sendAck(this.stream, ack);
    if (frame.type !== 'upload_ended') return;
    const { error } = decodeUploadEnded(bodyOf(frame));
    if (error) this.fail(new AgentRefusal(error));
    else this.outcome.resolve(undefined);
  }

  acknowledged(position: FlowPosition): void {
    this.window?.acknowledge(position);
    this.goesOn();
    this.proceed();
  }

  takeAck(): FlowPosition | undefined {
    return this.received.takeAck();
  }

  fail(error: EngineError): void {
    this.isOver = true;
    this.outcome.reject(error);
    this.proceed();
  }

  private open(connection: AgentConnection): Promise<void> {
    this.connection = connection;
    const { stream } = this;
    const data = { stream, upload: this.options.id, credit: LIMITS.initialCreditBytes };
    return new Promise((resolve, reject) => {
      connection.request('start_upload', data, {
        done: ({ credit }) => {
          this.window = new SendWindow(credit, new RetainedBytes());
          resolve();
        },
        failed: (error) => reject(error instanceof AgentRefusal ? error : new UploadLost()),
      });
    });
  }

  private async send(archive: ContextArchive): Promise<void> {
    for await (const chunk of archive()) {
      this.goesOn();
      this.hash.update(chunk);
      for (let start = 0; start < chunk.length; start += LIMITS.maxUploadFrameBytes) {
        await this.sendFrame('upload_data', chunk.subarray(start, start + LIMITS.maxUploadFrameBytes));
        if (this.isOver) return;
      }
    }
    await this.sendFrame('upload_complete', new Uint8Array());
  }

  /** Resolves when it was handed to the connection; or at once, unsent, when it is all over. */
  private async sendFrame(type: FrameType, body: Uint8Array): Promise<void> {
    while (!this.maySend()) {
      if (this.isOver) return;
      await this.wake.promise;
    }
    const { window, connection } = this;
    if (!window || !connection) return;
    const header = {
      type,
      stream: this.stream,
      sequence: window.nextSequence,
      bodyLength: body.length,
      isCompressed: false,
    } as const;
    const frame = encodeFrame(header, body);
    window.push(frame, frameCost(header));
    connection.sendFrame(frame, () => this.proceed());
  }

  private maySend(): boolean {
    const { connection, window, isOver } = this;
    if (isOver || connection?.isConnected !== true || window?.canSend !== true) return false;
    return connection.bufferedBytes < LIMITS.bulkBufferedBytes;
  }

  private proceed(): void {
    if (!this.isOver && !this.maySend()) return;
    const { wake } = this;
    this.wake = deferred<undefined>();
    wake.resolve(undefined);
  }

  /** Puts the deadline off. */
  private goesOn(): void {
    this.stall?.dispose();
    const late = (): void =>
      this.fail(new EngineError('timeout', `The upload made no progress for ${STALL_MS / 1_000} seconds.`));
    this.stall = this.options.clock.setTimer(late, STALL_MS);
  }

  private leave(): void {
    this.isOver = true;
    this.stall?.dispose();
    this.options.streams.remove(this.stream);
    this.proceed();
  }
}

function asEngineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  return new EngineError('badRequest', 'The folder could not be read.', { cause: error });
}

function ignore(): void {
  return undefined;
}
