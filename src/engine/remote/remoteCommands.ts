import { deferred } from '../../base/async';
import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { LIMITS } from '../../protocol/limits';
import type { CommandData, CommandResult, Reconciliation } from '../../protocol/messages';
import { EngineError, type ContainerCommand } from '../engine';
import type { AgentConnection } from './agentConnection';
import { AgentRefusal } from './agentErrors';

/** Commands that change something: signed, and executed at most once. */
export type OnceAction =
  'perform' | 'start_deployment' | 'cancel_deployment' | 'retry_deployment' | 'roll_back_deployment';

interface PendingCommand {
  readonly id: string;
  readonly send: (connection: AgentConnection) => void;
  readonly reject: (error: EngineError) => void;
  /** The agent can't say what came of it but that it was executed. */
  readonly reconcile: () => void;
  /** The agent has said that it will be executed. */
  isAccepted: boolean;
  deadline: Disposable;
}

const BUSY_RETRY_MS = 1_000;

/**
 * The commands that change something. Each has an id of its own, under which the agent executes it at most once; when
 * the connection breaks before the final response, it is asked for again on the next one.
 */
export class RemoteCommands implements Disposable {
  private readonly pending = new Map<string, PendingCommand>();
  private readonly retries = new DisposableStore();
  private connection: AgentConnection | undefined;

  constructor(
    private readonly clock: Clock,
    /** Makes ids that are unique for ever. */
    private readonly makeId: () => string,
  ) {}

  /** Resolves when it was executed. Rejects with EngineError; `outcomeUnknown` where nobody can tell. */
  async perform(command: ContainerCommand): Promise<void> {
    await this.run('perform', { command }, () => Promise.resolve({}));
  }

  /**
   * As {@link perform}, for any of them.
   *
   * @param reconciled finds what came of it, where it was executed and the agent lost its answer
   */
  async run<Action extends OnceAction>(
    action: Action,
    data: CommandData<Action>,
    reconciled: (id: string) => Promise<CommandResult<Action>>,
  ): Promise<CommandResult<Action>> {
    const id = this.makeId();
    const result = deferred<CommandResult<Action>>();
    const pending: PendingCommand = {
      id,
      send: (connection) => this.request(connection, pending, action, data, (value) => result.resolve(value)),
      reject: (error) => result.reject(error),
      reconcile: () => {
        const reject = (error: unknown): void => result.reject(error);
        reconciled(id).then((value) => result.resolve(value), reject);
      },
      isAccepted: false,
      deadline: { dispose: () => undefined },
    };
    this.limit(pending, LIMITS.responseDeadlineMs);
    this.pending.set(id, pending);
    this.send(pending);
    return result.promise;
  }

  connected(connection: AgentConnection): void {
    this.connection = connection;
    for (const pending of this.pending.values()) this.send(pending);
  }

  disconnected(): void {
    this.connection = undefined;
    this.retries.clear();
  }

  /** There will be no connection by itself any more. */
  failAll(cause: EngineError): void {
    for (const pending of [...this.pending.values()])
      this.reject(pending, outcomeUnknown(cause.message, cause));
  }

  dispose(): void {
    this.failAll(new EngineError('connectionLost', 'The connection to the agent was closed.'));
    this.retries.dispose();
  }

  private send(pending: PendingCommand): void {
    if (this.connection) pending.send(this.connection);
  }

  private request<Action extends OnceAction>(
    connection: AgentConnection,
    pending: PendingCommand,
    action: Action,
    data: CommandData<Action>,
    resolve: (result: CommandResult<Action>) => void,
  ): void {
    const handlers = {
      accepted: (): void => this.accept(pending),
      done: (result: CommandResult<Action>): void => {
        this.forget(pending);
        resolve(result);
      },
      failed: (error: EngineError): void => this.failed(pending, error),
      unknown: (outcome: Reconciliation): void => this.unknown(pending, outcome),
    };
    connection.request(action, data, handlers, { id: pending.id, isSigned: true });
  }

  private accept(pending: PendingCommand): void {
    if (pending.isAccepted) return;
    pending.isAccepted = true;
    this.limit(pending, LIMITS.finalResponseDeadlineMs);
  }

  /** Only what the agent itself says is an answer: should the connection end before it, there is another one. */
  private failed(pending: PendingCommand, error: EngineError): void {
    if (!(error instanceof AgentRefusal)) return;
    const { code, retryAfterMs = BUSY_RETRY_MS } = error.wire;
    if (code === 'shuttingDown') return;
    if (code === 'rateLimited') this.sendLater(pending, retryAfterMs);
    else this.reject(pending, error);
  }

  private sendLater(pending: PendingCommand, delayMs: number): void {
    const timer = this.retries.add(
      this.clock.setTimer(() => {
        this.retries.delete(timer);
        if (this.pending.has(pending.id)) this.send(pending);
      }, delayMs),
    );
  }

  /** What the agent can't remember having done, but sees to be so, is as it was wanted. */
  private unknown(pending: PendingCommand, { reconciled, message }: Reconciliation): void {
    if (reconciled === 'done') {
      this.forget(pending);
      pending.reconcile();
    } else this.reject(pending, outcomeUnknown(message));
  }

  private limit(pending: PendingCommand, delayMs: number): void {
    pending.deadline.dispose();
    const late = (): void =>
      this.reject(
        pending,
        outcomeUnknown(`The agent did not say within ${delayMs / 1_000} seconds what came of it.`),
      );
    pending.deadline = this.clock.setTimer(late, delayMs);
  }

  private reject(pending: PendingCommand, error: EngineError): void {
    this.forget(pending);
    pending.reject(error);
  }

  private forget(pending: PendingCommand): void {
    pending.deadline.dispose();
    this.pending.delete(pending.id);
  }
}

function outcomeUnknown(message: string, cause?: EngineError): EngineError {
  return new EngineError('outcomeUnknown', message, cause && { cause });
}
