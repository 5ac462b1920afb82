import * as v from 'valibot';
import { ACK, AckSchema, COMMANDS, EVENTS, PERFORM_ROLES } from './actions';
import {
  decodeEnvelope,
  describeIssue,
  type Envelope,
  type JsonObject,
  type MessageAuth,
  type Role,
} from './envelope';
import { ProtocolError, type WireError } from './errorCodes';
import { WireErrorSchema } from './schemas';

/** Messages are data: nobody changes them. */
type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T;

export type CommandAction = keyof typeof COMMANDS;
export type EventAction = keyof typeof EVENTS;
export type CommandData<Action extends CommandAction> = Frozen<
  v.InferOutput<(typeof COMMANDS)[Action]['data']>
>;
export type CommandResult<Action extends CommandAction> = Frozen<
  v.InferOutput<(typeof COMMANDS)[Action]['result']>
>;
export type EventData<Action extends EventAction> = Frozen<v.InferOutput<(typeof EVENTS)[Action]['data']>>;
export type AckData = Frozen<v.InferOutput<typeof AckSchema>>;
export type StreamPosition = AckData['streams'][number];
export type EngineState = EventData<'engine_state'>['engine'];

interface Header {
  readonly id: string;
  /** RFC 3339. */
  readonly timestamp: string;
}

export interface CommandOf<Action extends CommandAction> extends Header {
  readonly type: 'command';
  readonly channel: (typeof COMMANDS)[Action]['channel'];
  readonly action: Action;
  readonly data: CommandData<Action>;
  readonly auth?: MessageAuth;
}
export type Command = { [Action in CommandAction]: CommandOf<Action> }[CommandAction];

/** A command with its data also as they came, which is what was signed. */
export type ReceivedCommand = Command & { readonly rawData: JsonObject };

/** What became of a command that the agent's end interrupted. */
export interface Reconciliation {
  /** `done`, `notDone`, or `undetermined`; open. */
  readonly reconciled: string;
  readonly message: string;
}

interface ResponseHeader<Action extends CommandAction> extends Header {
  readonly type: 'response';
  readonly channel: (typeof COMMANDS)[Action]['channel'];
  readonly action: Action;
}
export type ResponseOf<Action extends CommandAction> = ResponseHeader<Action> &
  (
    | { readonly status: 'accepted'; readonly data: JsonObject }
    | { readonly status: 'done'; readonly data: CommandResult<Action> }
    | { readonly status: 'failed'; readonly data: JsonObject; readonly error: WireError }
    | { readonly status: 'unknown'; readonly data: Reconciliation }
  );
export type Response = { [Action in CommandAction]: ResponseOf<Action> }[CommandAction];

export interface EventOf<Action extends EventAction> extends Header {
  readonly type: 'event';
  readonly channel: (typeof EVENTS)[Action]['channel'];
  readonly action: Action;
  readonly data: EventData<Action>;
}
export type AgentEvent = { [Action in EventAction]: EventOf<Action> }[EventAction];

export interface Ack extends Header {
  readonly type: 'ack';
  readonly channel: typeof ACK.channel;
  readonly action: typeof ACK.action;
  readonly data: AckData;
}

export type ClientMessage = Command | Ack;
export type AgentMessage = Response | AgentEvent | Ack;

/** A well-formed event or response of a newer agent; to be ignored. */
export interface UnknownMessage {
  readonly type: 'unknown';
  readonly envelope: Envelope;
}

/**
 * What an agent receives.
 *
 * @throws ProtocolError `badMessage` for a violation; `badRequest` and `unknownAction` with the command to answer
 */
export function decodeClientMessage(text: string): ReceivedCommand | Ack {
  const envelope = decodeEnvelope(text);
  if (envelope.type === 'ack') return decodeAck(envelope);
  if (envelope.type !== 'command')
    throw new ProtocolError('badMessage', `A client sends no ${envelope.type}.`);
  const { id, timestamp, channel, action, auth } = envelope;
  const definition = isCommandAction(action) ? COMMANDS[action] : undefined;
  if (definition?.channel !== channel)
    throw new ProtocolError('unknownAction', 'No such action in this channel.', { id, channel, action });
  const result = v.safeParse(definition.data, envelope.data, { abortEarly: true });
  if (!result.success)
    throw new ProtocolError('badRequest', describeIssue(result.issues[0]), { id, channel, action });
  const received = {
    type: 'command',
    id,
    timestamp,
    channel,
    action,
    data: result.output,
    ...(auth && { auth }),
  };
  // The definition that was looked up by the action has checked the data.
  return { ...received, rawData: envelope.data } as ReceivedCommand;
}

/**
 * What a client receives.
 *
 * @throws ProtocolError `badMessage`; with the command it answers, where it is a malformed response
 */
export function decodeAgentMessage(text: string): AgentMessage | UnknownMessage {
  const envelope = decodeEnvelope(text);
  switch (envelope.type) {
    case 'ack':
      return decodeAck(envelope);
    case 'event':
      return decodeEvent(envelope);
    case 'response':
      return decodeResponse(envelope);
    default:
      throw new ProtocolError('badMessage', 'An agent sends no command.');
  }
}

function decodeAck(envelope: Envelope): Ack {
  const { id, timestamp } = envelope;
  const result = v.safeParse(AckSchema, envelope.data, { abortEarly: true });
  if (!result.success) throw new ProtocolError('badMessage', `ack: ${describeIssue(result.issues[0])}`);
  return { type: 'ack', id, timestamp, ...ACK, data: result.output };
}

function decodeEvent(envelope: Envelope): AgentEvent | UnknownMessage {
  const { id, timestamp, channel, action } = envelope;
  const definition = isEventAction(action) ? EVENTS[action] : undefined;
  if (definition?.channel !== channel) return { type: 'unknown', envelope };
  const result = v.safeParse(definition.data, envelope.data, { abortEarly: true });
  if (!result.success) throw new ProtocolError('badMessage', `${action}: ${describeIssue(result.issues[0])}`);
  return { type: 'event', id, timestamp, channel, action, data: result.output } as AgentEvent;
}

function decodeResponse(envelope: Envelope): Response | UnknownMessage {
  const { id, timestamp, channel, action, status } = envelope;
  if (!isCommandAction(action) || COMMANDS[action].channel !== channel) return { type: 'unknown', envelope };
  const refuse = (issue: string): never => {
    throw new ProtocolError('badMessage', `${action}: ${issue}`, { id, channel, action });
  };
  const header = { type: 'response', id, timestamp, channel, action, status };
  switch (status) {
    case 'done':
    case 'unknown': {
      const schema = status === 'done' ? COMMANDS[action].result : ReconciliationSchema;
      const result = v.safeParse(schema, envelope.data, { abortEarly: true });
      return result.success
        ? ({ ...header, data: result.output } as Response)
        : refuse(describeIssue(result.issues[0]));
    }
    case 'failed': {
      const result = v.safeParse(WireErrorSchema, envelope.error, { abortEarly: true });
      return result.success
        ? ({ ...header, data: envelope.data, error: result.output } as Response)
        : refuse(describeIssue(result.issues[0]));
    }
    case 'accepted':
      return { ...header, data: envelope.data } as Response;
    default:
      return refuse('no status');
  }
}

const ReconciliationSchema = v.object({ reconciled: v.string(), message: v.string() });

function isCommandAction(action: string): action is CommandAction {
  return Object.hasOwn(COMMANDS, action);
}

function isEventAction(action: string): action is EventAction {
  return Object.hasOwn(EVENTS, action);
}

/** The least role that may do it; `none` only for what comes before anybody is known. */
export function requiredRole(command: Command): Role | 'none' {
  if (command.action === 'perform') return PERFORM_ROLES[command.data.command.kind];
  const { role } = COMMANDS[command.action];
  return role;
}
