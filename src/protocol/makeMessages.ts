import { ACK, COMMANDS, EVENTS } from './actions';
import type { WireError } from './errorCodes';
import type {
  Ack,
  AgentMessage,
  ClientMessage,
  Command,
  CommandAction,
  CommandData,
  CommandOf,
  CommandResult,
  EventAction,
  EventData,
  EventOf,
  Reconciliation,
  ResponseOf,
  StreamPosition,
} from './messages';

/** What a response says of the command it answers. */
export type Answered<Action extends CommandAction = CommandAction> = Pick<CommandOf<Action>, 'id' | 'action'>;

/** @param timestamp RFC 3339 */
export function makeCommand<Action extends CommandAction>(
  action: Action,
  id: string,
  timestamp: string,
  data: CommandData<Action>,
): CommandOf<Action> {
  return { type: 'command', id, timestamp, channel: COMMANDS[action].channel, action, data };
}

export function makeEvent<Action extends EventAction>(
  action: Action,
  id: string,
  timestamp: string,
  data: EventData<Action>,
): EventOf<Action> {
  return { type: 'event', id, timestamp, channel: EVENTS[action].channel, action, data };
}

export function makeAck(id: string, timestamp: string, streams: readonly StreamPosition[]): Ack {
  return { type: 'ack', id, timestamp, ...ACK, data: { streams } };
}

export function accepted<Action extends CommandAction>(
  { id, action }: Answered<Action>,
  timestamp: string,
): ResponseOf<Action> {
  const { channel } = COMMANDS[action];
  return { type: 'response', id, timestamp, channel, action, status: 'accepted', data: {} };
}

export function done<Action extends CommandAction>(
  { id, action }: Answered<Action>,
  timestamp: string,
  data: CommandResult<Action>,
): ResponseOf<Action> {
  const { channel } = COMMANDS[action];
  return { type: 'response', id, timestamp, channel, action, status: 'done', data };
}

export function unknown<Action extends CommandAction>(
  { id, action }: Answered<Action>,
  timestamp: string,
  data: Reconciliation,
): ResponseOf<Action> {
  const { channel } = COMMANDS[action];
  return { type: 'response', id, timestamp, channel, action, status: 'unknown', data };
}

/** A failure, also of an action that nobody knows. */
export interface FailedResponse {
  readonly type: 'response';
  readonly id: string;
  readonly timestamp: string;
  readonly channel: string;
  readonly action: string;
  readonly status: 'failed';
  readonly data: Readonly<Record<string, never>>;
  readonly error: WireError;
}

export function failed(
  { id, channel, action }: Pick<Command, 'id'> & { readonly channel: string; readonly action: string },
  timestamp: string,
  error: WireError,
): FailedResponse {
  return { type: 'response', id, timestamp, channel, action, status: 'failed', data: {}, error };
}

/** The text frame of a message. Whoever sends it looks to its size. */
export function encodeMessage(message: ClientMessage | AgentMessage | FailedResponse): string {
  return JSON.stringify(message);
}
