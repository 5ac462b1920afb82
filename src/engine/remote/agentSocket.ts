import type { EngineError } from '../engine';

/** An HTTP answer that is no upgrade. */
export interface HttpRefusal {
  readonly status: number;
  readonly retryAfterMs?: number;
}

/** What a socket tells. After `refused`, `closed` or `broken`, exactly one of which comes, it tells nothing more. */
export interface AgentSocketEvents {
  /** The other end is who it should be, and took the connection with a subprotocol that was offered. */
  opened(): void;
  refused(refusal: HttpRefusal): void;
  text(text: string): void;
  /** @param bytes nobody else changes them */
  binary(bytes: Uint8Array): void;
  /** A ping or a pong came. */
  alive(): void;
  /** A close frame came, or the one that was sent was answered. */
  closed(code: number): void;
  /** It could not be opened, or ended without a close frame. */
  broken(error: EngineError): void;
}

/** A WebSocket to an agent. Before `opened` only `destroy` does anything. */
export interface AgentSocket {
  /** What was handed over and is not with the system yet. */
  readonly bufferedBytes: number;
  sendText(text: string): void;
  /** @param sent called when the bytes are with the system, or never */
  sendBinary(bytes: Uint8Array, sent?: () => void): void;
  ping(): void;
  close(code: number): void;
  /** Ends it at once; nothing is told any more. */
  destroy(): void;
}

/** Begins to open a socket; nothing is told before it has returned. */
export type OpenAgentSocket = (events: AgentSocketEvents) => AgentSocket;
