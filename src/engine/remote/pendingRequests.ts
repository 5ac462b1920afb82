import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import { LIMITS } from '../../protocol/limits';
import type { CommandAction, CommandResult, Reconciliation, Response } from '../../protocol/messages';
import { EngineError } from '../engine';
import { AgentRefusal } from './agentErrors';

/** What becomes of a command. One of the final ones is called once; calls come in the order of the messages. */
export interface RequestHandlers<Action extends CommandAction> {
  /** It will be executed, whatever happens to the connection. */
  accepted?(): void;
  done(result: CommandResult<Action>): void;
  /** Refused by the agent, or over with the connection, or not answered in time. */
  failed(error: EngineError): void;
  unknown?(outcome: Reconciliation): void;
}

interface Pending {
  readonly action: CommandAction;
  readonly handlers: RequestHandlers<CommandAction>;
  deadline: Disposable;
}

/** The commands of one connection that wait for their final response, each with its deadline. */
export class PendingRequests {
  private readonly pending = new Map<string, Pending>();

  constructor(private readonly clock: Clock) {}

  add<Action extends CommandAction>(id: string, action: Action, handlers: RequestHandlers<Action>): void {
    this.pending.set(id, {
      action,
      handlers,
      deadline: this.deadline(id, LIMITS.responseDeadlineMs),
    });
  }

  /** A response to nothing, or a late one, changes nothing. */
  take(response: Response): void {
    const found = this.pending.get(response.id);
    if (found?.action !== response.action) return;
    if (response.status === 'accepted') {
      found.deadline.dispose();
      found.deadline = this.deadline(response.id, LIMITS.finalResponseDeadlineMs);
      found.handlers.accepted?.();
      return;
    }
    this.forget(response.id);
    if (response.status === 'done') found.handlers.done(response.data);
    else if (response.status === 'failed') found.handlers.failed(new AgentRefusal(response.error));
    else if (found.handlers.unknown) found.handlers.unknown(response.data);
    else found.handlers.failed(new EngineError('outcomeUnknown', response.data.message));
  }

  fail(id: string, error: EngineError): void {
    const found = this.pending.get(id);
    this.forget(id);
    found?.handlers.failed(error);
  }

  failAll(error: EngineError): void {
    for (const id of [...this.pending.keys()]) this.fail(id, error);
  }

  private forget(id: string): void {
    this.pending.get(id)?.deadline.dispose();
    this.pending.delete(id);
  }

  private deadline(id: string, delayMs: number): Disposable {
    const late = (): void =>
      this.fail(
        id,
        new EngineError('timeout', `The agent did not answer within ${delayMs / 1_000} seconds.`),
      );
    return this.clock.setTimer(late, delayMs);
  }
}
