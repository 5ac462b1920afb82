import { encodeMessage, makeEvent } from '../../protocol/makeMessages';
import type { EventAction, EventData } from '../../protocol/messages';

export function nowText(): string {
  return new Date().toISOString();
}

/** Makes the text frames of one connection's or session's events, with ids of their own. */
export function eventEncoder(
  prefix: string,
): <Action extends EventAction>(action: Action, data: EventData<Action>) => string {
  let count = 0;
  return (action, data) => {
    count += 1;
    const event = makeEvent(action, `${prefix}${count}`, nowText(), data);
    // The action decides the data; the union of all events can't be told that.
    return encodeMessage(event as Parameters<typeof encodeMessage>[0]);
  };
}
