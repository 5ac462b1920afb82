import { EngineError } from '../../engine/engine';
import type { EngineState } from '../../protocol/messages';
import type { AgentErrorCode, WireError } from '../../protocol/errorCodes';
import type { EngineConnection } from '../../engine/engine';
import type { AgentLogger } from '../serve/logger';

/** Something the agent itself refuses or can't do, told to the client as it is. */
export class AgentError extends Error {
  override readonly name = 'AgentError';

  constructor(
    readonly code: AgentErrorCode | 'badRequest' | 'connectionLost',
    message: string,
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** What a client is told of an error. What nobody foresaw is logged, and not told. */
export function wireErrorOf(error: unknown, log: AgentLogger): WireError {
  if (error instanceof EngineError) return { code: error.code, message: error.message };
  if (error instanceof AgentError) {
    const { code, message, retryAfterMs } = error;
    return { code, message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }
  log.error({ err: error }, 'The agent failed at what a client asked for.');
  return { code: 'internal', message: 'The agent failed by itself; its log says why.' };
}

/** How the agent is connected to its engine, as clients are told. */
export function engineStateOf(connection: EngineConnection, nowMs: number): EngineState {
  switch (connection.kind) {
    case 'ready':
      return { kind: 'ready', info: connection.info };
    case 'waiting': {
      const { code, message } = connection.failure;
      const retryInMs = Math.max(0, Math.round(connection.retryAtMs - nowMs));
      return { kind: 'away', error: { code, message }, retryInMs };
    }
    case 'idle':
    case 'connecting':
    case 'closed':
      return { kind: 'connecting' };
  }
}
