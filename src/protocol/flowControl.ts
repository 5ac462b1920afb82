import { ProtocolError } from './errorCodes';
import { LIMITS } from './limits';

/** How far a stream got in one direction, as acks and resumptions say it. */
export interface FlowPosition {
  /** Of the last frame; 0 for none. */
  readonly sequence: number;
  /** All bytes of cost that may have been sent since the stream began. */
  readonly credit: number;
}

/** What all streams of one session together keep for sending again. */
export class RetainedBytes {
  private usedBytes = 0;

  /** @param ofAll what this is a part of, with a limit of its own */
  constructor(
    private readonly limitBytes: number = LIMITS.sessionRetainedBytes,
    private readonly ofAll?: RetainedBytes,
  ) {}

  get used(): number {
    return this.usedBytes;
  }

  get isFull(): boolean {
    return this.usedBytes >= this.limitBytes || this.ofAll?.isFull === true;
  }

  change(byBytes: number): void {
    this.usedBytes += byBytes;
    this.ofAll?.change(byBytes);
  }
}

interface Sent<Frame> {
  readonly sequence: number;
  readonly cost: number;
  readonly frame: Frame;
}

/** The sender's side of one stream: numbers its frames, holds to the credit, keeps what is not acknowledged. */
export class SendWindow<Frame> {
  private sent: Sent<Frame>[] = [];
  private lastSequence = 0;
  private acknowledged = 0;
  private sentCost = 0;
  private credit: number;

  constructor(
    initialCredit: number,
    private readonly retained: RetainedBytes,
  ) {
    this.credit = Math.min(initialCredit, LIMITS.maxCreditBytes);
  }

  /**
   * Whether one more frame may be sent, of any size. Where the session keeps as much as it may, a stream of which nothing
   * is kept still gets one frame through: a stream that nobody reads must not stop the others.
   */
  get canSend(): boolean {
    return this.sentCost < this.credit && (this.isDrained || !this.retained.isFull);
  }

  /** Every frame was acknowledged. */
  get isDrained(): boolean {
    return this.sent.length === 0;
  }

  get nextSequence(): number {
    return this.lastSequence + 1;
  }

  /**
   * Takes the frame numbered {@link nextSequence}, which is about to be sent.
   *
   * @param cost as `frameCost` says
   */
  push(frame: Frame, cost: number): void {
    this.lastSequence++;
    this.sent.push({ sequence: this.lastSequence, cost, frame });
    this.sentCost += cost;
    this.retained.change(cost);
  }

  /**
   * An older ack than the last one changes nothing.
   *
   * @throws ProtocolError `flowViolation` for a frame that was never sent
   */
  acknowledge({ sequence, credit }: FlowPosition): void {
    if (sequence > this.lastSequence)
      throw new ProtocolError('flowViolation', 'An ack of what was never sent.');
    const longestCredit = this.sentCost + LIMITS.maxCreditBytes;
    this.credit = Math.max(this.credit, Math.min(credit, longestCredit));
    if (sequence <= this.acknowledged) return;
    const count = sequence - this.acknowledged;
    for (const { cost } of this.sent.slice(0, count)) this.retained.change(-cost);
    this.sent = this.sent.slice(count);
    this.acknowledged = sequence;
  }

  /**
   * The peer came back on another connection, with all frames up to `sequence`.
   *
   * @returns the frames to send again, in order, credit or not: they were paid for. `undefined` if it lacks frames that
   *   it had acknowledged, so that the stream can't go on
   * @throws ProtocolError `flowViolation` for a frame that was never sent
   */
  resume(position: FlowPosition): Frame[] | undefined {
    if (position.sequence < this.acknowledged) return undefined;
    this.acknowledge(position);
    return this.sent.map(({ frame }) => frame);
  }

  /** The stream is over; what it kept is given up. */
  dispose(): void {
    for (const { cost } of this.sent) this.retained.change(-cost);
    this.sent = [];
  }
}

/** The receiver's side of one stream: checks sequence and credit, and says when to acknowledge. */
export class ReceiveWindow {
  private pending: { readonly sequence: number; readonly cost: number }[] = [];
  private lastSequence = 0;
  private receivedCost = 0;
  private consumedSequence = 0;
  private consumedCost = 0;
  private granted: number;
  private acknowledgedSequence = 0;

  /** @param windowBytes how much may be under way or waiting here at any time; also the first credit */
  constructor(private readonly windowBytes: number = LIMITS.initialCreditBytes) {
    this.granted = windowBytes;
  }

  /** For `resume`: everything received, and the credit there is now. */
  get position(): FlowPosition {
    return { sequence: this.lastSequence, credit: this.granted };
  }

  /** Something was consumed that the sender does not know of. */
  get isAckPending(): boolean {
    return this.consumedSequence > this.acknowledgedSequence;
  }

  /** @throws ProtocolError `flowViolation` for a frame out of sequence or beyond the credit */
  receive(sequence: number, cost: number): void {
    if (sequence !== this.lastSequence + 1)
      throw new ProtocolError('flowViolation', 'A frame out of sequence.');
    if (this.receivedCost >= this.granted)
      throw new ProtocolError('flowViolation', 'A frame beyond the credit.');
    this.lastSequence = sequence;
    this.receivedCost += cost;
    this.pending.push({ sequence, cost });
  }

  /**
   * Everything up to this frame was taken over for good.
   *
   * @returns the ack to send now, if it is time for one
   */
  consume(sequence: number): FlowPosition | undefined {
    const count = this.pending.findIndex((frame) => frame.sequence > sequence);
    const consumed = this.pending.splice(0, count < 0 ? this.pending.length : count);
    for (const frame of consumed) {
      this.consumedCost += frame.cost;
      this.consumedSequence = frame.sequence;
    }
    const used = this.consumedCost + this.windowBytes - this.granted;
    return used * 2 >= this.windowBytes ? this.takeAck() : undefined;
  }

  /** The ack of everything consumed so far; `undefined` if the sender knows it already. */
  takeAck(): FlowPosition | undefined {
    if (!this.isAckPending) return undefined;
    this.granted = this.consumedCost + this.windowBytes;
    this.acknowledgedSequence = this.consumedSequence;
    return { sequence: this.consumedSequence, credit: this.granted };
  }
}
