import type { Disposable } from '../../../base/lifecycle';
import type { DeploymentSink } from '../../../engine/deployments';
import type { DeploymentEntry, DeploymentId } from '../../../model/deployment';
import { encodeDeploymentStreamEnded, encodeEntriesBody } from '../../../protocol/deploymentFrames';
import { ProtocolError, type WireError } from '../../../protocol/errorCodes';
import type { FlowPosition } from '../../../protocol/flowControl';
import { compressedBody, plainBody, type DataFrame, type StreamOutput } from '../dataFrame';
import type { SessionStream } from '../sessionStream';
import type { Ticker } from '../ticker';

/** So that one frame is little against a client's credit. */
const MAX_FRAME_CHARACTERS = 128 * 1024;
/** What waits for a slow client; the journal has the rest. */
const MAX_WAITING_CHARACTERS = 1024 * 1024;
/** No entry of a journal is so long; a frame could not hold it. */
const MAX_TEXT_CHARACTERS = 2 * 1024 * 1024;

export interface DeploymentStreamOptions {
  readonly deploymentId: DeploymentId;
  /** The last entry the client has; 0 for none. */
  readonly after: number;
  readonly output: StreamOutput;
  readonly isCompressed: boolean;
  readonly ticker: Ticker;
  readonly follow: (after: number, sink: DeploymentSink) => Disposable;
  readonly wireError: (error: unknown) => WireError;
}

/**
 * A deployment's journal on its way to one client. While the client takes nothing, little is kept for it: the journal is
 * read again, after the last entry that was, when the client goes on.
 */
export class DeploymentStream implements SessionStream {
  readonly kind = 'deployment';
  readonly receivedSequence = 0;
  private waiting: string[] = [];
  private waitingCharacters = 0;
  /** The last entry that waits or was sent. */
  private last: number;
  private following: Disposable | undefined;
  /** Something was sent less than a beat ago. */
  private isResting = false;
  private end: { readonly error?: Error } | undefined;
  private hasEnded = false;
  private isDisposed = false;

  constructor(private readonly options: DeploymentStreamOptions) {
    this.last = options.after;
  }

  /** The client was told that it begins. */
  begin(): void {
    this.following = this.options.follow(this.last, {
      entries: (entries) => this.take(entries),
      ended: (error) => {
        this.end = error === undefined ? {} : { error };
        this.proceed();
      },
    });
  }

  get stream(): number {
    return this.options.output.stream;
  }

  get isOver(): boolean {
    return this.hasEnded && this.options.output.isDrained;
  }

  acknowledge(position: FlowPosition): void {
    this.options.output.acknowledge(position);
    this.proceed();
  }

  resume(position: FlowPosition): readonly DataFrame[] | undefined {
    return this.options.output.resume(position);
  }

  receive(): void {
    throw new ProtocolError('badFrame', 'A deployment takes no frames.');
  }

  proceed(): void {
    const { output, isCompressed } = this.options;
    if (this.isDisposed || this.hasEnded) return;
    while (this.waiting.length > 0 && output.canSend) {
      const body = plainBody(encodeEntriesBody(this.takeWaiting()));
      output.send('deployment_entries', isCompressed ? compressedBody(body) : body);
      this.isResting = true;
      this.options.ticker.next(this.beat);
    }
    if (this.waiting.length > 0) return;
    if (this.end && output.canSend) this.sendEnd(this.end);
    else if (!this.end && this.following === undefined) this.begin();
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.following?.dispose();
    this.options.ticker.cancel(this.beat);
    this.options.output.dispose();
    this.waiting = [];
  }

  private readonly beat = (): void => {
    this.isResting = false;
    if (this.waiting.length > 0) this.proceed();
  };

  private take(entries: readonly DeploymentEntry[]): void {
    if (this.isDisposed || this.following === undefined) return;
    for (const entry of entries) {
      if (entry.sequence <= this.last) continue;
      const text = JSON.stringify(withinBounds(entry));
      this.waiting.push(text);
      this.waitingCharacters += text.length;
      this.last = entry.sequence;
      if (this.waitingCharacters >= MAX_WAITING_CHARACTERS) {
        this.pause();
        break;
      }
    }
    if (!this.isResting || this.waitingCharacters >= MAX_FRAME_CHARACTERS) this.proceed();
  }

  /** What is not taken now is read again once all that waits is sent. */
  private pause(): void {
    this.following?.dispose();
    this.following = undefined;
  }

  private takeWaiting(): readonly string[] {
    let count = 0;
    let characters = 0;
    for (const text of this.waiting) {
      if (count > 0 && characters + text.length > MAX_FRAME_CHARACTERS) break;
      characters += text.length;
      count += 1;
    }
    this.waitingCharacters -= characters;
    return this.waiting.splice(0, count);
  }

  private sendEnd({ error }: { readonly error?: Error }): void {
    this.hasEnded = true;
    this.following?.dispose();
    const body = {
      deployment_id: this.options.deploymentId,
      ...(error && { error: this.options.wireError(error) }),
    };
    this.options.output.send('deployment_stream_ended', plainBody(encodeDeploymentStreamEnded(body)));
  }
}

function withinBounds(entry: DeploymentEntry): DeploymentEntry {
  if (entry.kind !== 'log' || entry.text.length <= MAX_TEXT_CHARACTERS) return entry;
  return { ...entry, text: `${entry.text.slice(0, MAX_TEXT_CHARACTERS)}…` };
}
