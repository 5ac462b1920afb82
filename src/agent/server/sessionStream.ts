import type { Disposable } from '../../base/lifecycle';
import type { FlowPosition } from '../../protocol/flowControl';
import type { ReceivedFrame } from '../../protocol/dataFrames';
import type { DataFrame } from './dataFrame';

/** A stream of a session, whatever flows in it. */
export interface SessionStream extends Disposable {
  readonly stream: number;
  readonly kind: 'log' | 'exec' | 'metrics' | 'deployment' | 'upload';
  /** The number of the last frame that came from the client. */
  readonly receivedSequence: number;
  /** It has ended, and the client has all of it. */
  readonly isOver: boolean;
  /** @throws ProtocolError `flowViolation` */
  acknowledge(position: FlowPosition): void;
  /**
   * @returns the frames to send again; `undefined` if the stream can't go on
   * @throws ProtocolError `flowViolation`
   */
  resume(position: FlowPosition): readonly DataFrame[] | undefined;
  /** Sends what waits, if it may by now. */
  proceed(): void;
  /** @throws ProtocolError */
  receive(frame: ReceivedFrame): void;
}
