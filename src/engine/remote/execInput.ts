import { encodeFrame, FRAME_HEADER_BYTES } from '../../protocol/dataFrames';
import { RetainedBytes, SendWindow, type FlowPosition } from '../../protocol/flowControl';
import { LIMITS } from '../../protocol/limits';
import type { AgentConnection } from './agentConnection';

/** So much may wait to be sent; nobody types that. */
const MAX_WAITING_BYTES = 1_048_576;

interface Piece {
  readonly body: Uint8Array;
  /** Of the last piece of what was written together. */
  readonly taken: (() => void) | undefined;
}

/** What is typed into a process: sent as its credit allows, and again on another connection. */
export class ExecInput {
  private readonly window: SendWindow<Uint8Array>;
  private connection: AgentConnection | undefined;
  private waiting: Piece[] = [];
  private waitingBytes = 0;

  constructor(
    private readonly stream: number,
    credit: number,
  ) {
    this.window = new SendWindow(credit, new RetainedBytes());
  }

  connected(connection: AgentConnection): void {
    this.connection = connection;
    this.flush();
  }

  disconnected(): void {
    this.connection = undefined;
  }

  /** @returns false where too much waits already: then nothing of it is sent */
  write(data: Uint8Array, taken?: () => void): boolean {
    if (this.waitingBytes + data.length > MAX_WAITING_BYTES) return false;
    // The caller may go on to use its buffer.
    const copy = data.slice();
    for (let start = 0; start < copy.length; start += LIMITS.maxExecInputBytes) {
      const end = start + LIMITS.maxExecInputBytes;
      this.waiting.push({ body: copy.subarray(start, end), taken: end >= copy.length ? taken : undefined });
    }
    if (copy.length === 0) taken?.();
    this.waitingBytes += copy.length;
    this.flush();
    return true;
  }

  /** Nothing of what waits is sent any more. */
  dispose(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const { taken } of waiting) taken?.();
  }

  /** @throws ProtocolError `flowViolation` */
  acknowledged(position: FlowPosition): void {
    this.window.acknowledge(position);
    this.flush();
  }

  /**
   * The agent has what was sent up to this, and gets the rest again.
   *
   * @returns false if the two ends do not fit together any more
   */
  resumed(connection: AgentConnection, sequence: number): boolean {
    // Credit never decreases: 0 leaves it as it was.
    const again = this.window.resume({ sequence, credit: 0 });
    if (!again) return false;
    for (const frame of again) connection.sendFrame(frame, () => this.flush());
    this.connected(connection);
    return true;
  }

  private flush(): void {
    const { connection } = this;
    while (connection?.isConnected === true && this.window.canSend) {
      if (connection.bufferedBytes >= LIMITS.bulkBufferedBytes) return;
      const piece = this.waiting.shift();
      if (!piece) return;
      const { body, taken } = piece;
      this.waitingBytes -= body.length;
      const header = {
        type: 'exec_input',
        stream: this.stream,
        sequence: this.window.nextSequence,
        bodyLength: body.length,
        isCompressed: false,
      } as const;
      const frame = encodeFrame(header, body);
      this.window.push(frame, FRAME_HEADER_BYTES + body.length);
      connection.sendFrame(frame, () => this.flush());
      taken?.();
    }
  }
}
