import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import type { ReceivedFrame } from '../../protocol/dataFrames';
import type { FlowPosition } from '../../protocol/flowControl';
import { LIMITS } from '../../protocol/limits';
import type { AckData, StreamPosition } from '../../protocol/messages';
import type { AgentConnection, Established } from './agentConnection';

/** One stream of frames, as long as the agent has it. */
export interface RemoteStream {
  /** What was received, and the credit there is; `undefined` if it is not to be gone on with on another connection. */
  readonly position: FlowPosition | undefined;
  /** @throws ProtocolError for what is against the protocol */
  receive(frame: ReceivedFrame): void;
  /**
   * The agent acknowledges what was sent.
   *
   * @throws ProtocolError for what was never sent
   */
  acknowledged(position: FlowPosition): void;
  /** It goes on, on another connection; the agent has received everything up to this. */
  resumed(receivedSequence: number): void;
  /** The agent has it no longer. */
  gone(): void;
  /** The ack of all that was consumed since the last one, if there is any. */
  takeAck(): FlowPosition | undefined;
}

/** The streams of a session: gives them numbers, hands frames to them, and acknowledges for them. */
export class RemoteStreams {
  private readonly streams = new Map<number, RemoteStream>();
  private lastNumber = 0;
  private connection: AgentConnection | undefined;
  private ackTimer: Disposable | undefined;

  constructor(private readonly clock: Clock) {}

  /** How many the agent has, or is asked to have. */
  get size(): number {
    return this.streams.size;
  }

  /** @returns its number; no number is ever given twice */
  add(stream: RemoteStream): number {
    const number = ++this.lastNumber;
    this.streams.set(number, stream);
    return number;
  }

  remove(number: number): void {
    this.streams.delete(number);
  }

  /** For `resume`. */
  get positions(): StreamPosition[] {
    const positions: StreamPosition[] = [];
    for (const [stream, { position }] of this.streams) if (position) positions.push({ stream, ...position });
    return positions.slice(0, LIMITS.maxStreams);
  }

  connected(connection: AgentConnection, { streams: resumed }: Established): void {
    this.connection = connection;
    const sequences = new Map(resumed.map(({ stream, sequence }) => [stream, sequence]));
    for (const [number, stream] of [...this.streams]) {
      const sequence = sequences.get(number);
      if (sequence !== undefined && stream.position) {
        stream.resumed(sequence);
        continue;
      }
      this.streams.delete(number);
      stream.gone();
    }
  }

  disconnected(): void {
    this.connection = undefined;
    this.ackTimer?.dispose();
    this.ackTimer = undefined;
  }

  /** Frames of a stream that was given up are still on their way for a moment. */
  takeFrame(frame: ReceivedFrame): void {
    this.streams.get(frame.stream)?.receive(frame);
  }

  takeAck({ streams }: AckData): void {
    for (const { stream, ...position } of streams) this.streams.get(stream)?.acknowledged(position);
  }

  /** Acknowledges now. */
  sendAck(stream: number, position: FlowPosition): void {
    this.connection?.sendAck([{ stream, ...position }]);
  }

  /** Acknowledges for all streams together, soon. */
  ackSoon(): void {
    this.ackTimer ??= this.clock.setTimer(() => {
      this.ackTimer = undefined;
      this.ackAll();
    }, LIMITS.ackDelayMs);
  }

  private ackAll(): void {
    const acks: StreamPosition[] = [];
    for (const [number, stream] of this.streams) {
      const position = stream.takeAck();
      if (position) acks.push({ stream: number, ...position });
    }
    for (let start = 0; start < acks.length; start += LIMITS.maxStreams)
      this.connection?.sendAck(acks.slice(start, start + LIMITS.maxStreams));
  }
}
