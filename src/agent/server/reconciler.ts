import * as v from 'valibot';
import type { Clock } from '../../base/clock';
import { deferred } from '../../base/async';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { ContainerEngine } from '../../engine/engine';
import { ContainerCommandSchema } from '../../protocol/schemas';
import type { AuditLog } from '../audit/auditLog';
import type { CommandJournal } from '../journal/commandJournal';
import type { CommandEntry, CommandOutcome } from '../journal/commandTable';
import { reconcileCommand } from '../journal/reconcile';
import { isAboutDeployments, type DeploymentReconciler } from './deployments/deploymentReconciler';

/** An engine goes on with what it was asked, such as waiting for a container to end, after the one who asked is gone. */
const STILL_RUNNING_MS = 12_000;
/** How long a client that asks is kept waiting for the engine's list. */
const ANSWER_DEADLINE_MS = 20_000;

const MESSAGES = {
  done: 'The agent was restarted meanwhile; the container is as the command wanted it.',
  notDone: 'The agent was restarted meanwhile; the container is not as the command wanted it.',
  undetermined: 'The agent was restarted meanwhile; what came of the command can not be told.',
} as const;

export interface ReconcilerOptions {
  readonly journal: CommandJournal;
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** Since the Unix epoch, as the journal's times. */
  readonly nowMs: () => number;
  readonly onFailed: (error: unknown) => void;
  readonly deployments: Pick<DeploymentReconciler, 'finished'>;
}

type LookedAtEngine = Pick<ContainerEngine, 'connection' | 'containers' | 'onDidChangeConnection'>;

/** Looks at the containers of commands that the agent's end interrupted, once it has an engine again. */
export class Reconciler implements Disposable {
  private readonly store = new DisposableStore();
  private readonly whenDone = deferred<undefined>();
  private hasBegun = false;
  /** The newest: an engine that is let go knows nothing new. */
  private engine: LookedAtEngine | undefined;

  constructor(private readonly options: ReconcilerOptions) {}

  /** Begins when the engine has a list. To be called with every engine that is made. */
  lookAt(engine: LookedAtEngine): void {
    this.engine = engine;
    if (this.hasBegun) return;
    if (this.interrupted().length === 0) {
      this.hasBegun = true;
      this.whenDone.resolve(undefined);
      return;
    }
    const look = (): void => {
      if (this.hasBegun || engine.connection.kind !== 'ready' || engine.containers === undefined) return;
      this.hasBegun = true;
      this.store.clear();
      this.reconcileAll();
    };
    this.store.add(engine.onDidChangeConnection(look));
    look();
  }

  /** Resolves when it is known what came of an interrupted command, or nobody should wait any longer. */
  async finished(entry: CommandEntry): Promise<void> {
    const { atMs } = entry;
    const { clock, nowMs, deployments } = this.options;
    const leftMs = Math.max(0, atMs + STILL_RUNNING_MS - nowMs());
    let deadline: Disposable | undefined;
    const tooLate = new Promise<void>((resolve) => {
      deadline = clock.setTimer(resolve, ANSWER_DEADLINE_MS + leftMs);
    });
    const whenDone = isAboutDeployments(entry) ? deployments.finished() : this.whenDone.promise;
    await Promise.race([whenDone, tooLate]);
    deadline?.dispose();
  }

  dispose(): void {
    this.store.dispose();
    this.whenDone.resolve(undefined);
  }

  private interrupted(): readonly CommandEntry[] {
    return this.options.journal.interrupted().filter((entry) => !isAboutDeployments(entry));
  }

  private reconcileAll(): void {
    const { nowMs, clock } = this.options;
    const open = this.interrupted().filter((entry) => {
      const outcome = outcomeFor(entry, this.engine);
      const mayStillRun = nowMs() - entry.atMs < STILL_RUNNING_MS;
      if (outcome.reconciled !== 'done' && mayStillRun) return true;
      this.settle(entry, outcome);
      return false;
    });
    if (open.length === 0) {
      this.whenDone.resolve(undefined);
      return;
    }
    const newestAtMs = Math.max(...open.map(({ atMs }) => atMs));
    const waitMs = Math.max(0, newestAtMs + STILL_RUNNING_MS - nowMs());
    this.store.add(clock.setTimer(() => this.reconcileAll(), waitMs));
  }

  private settle(entry: CommandEntry, outcome: Extract<CommandOutcome, { status: 'unknown' }>): void {
    const { journal, audit, onFailed } = this.options;
    journal.settle(entry, outcome).catch(onFailed);
    const command = v.safeParse(ContainerCommandSchema, entry.command);
    audit.note({
      action: command.success ? command.output.kind : 'exec',
      result: 'unknown',
      tokenId: entry.tokenId,
      commandId: entry.commandId,
      ...(command.success && { containerId: command.output.id }),
      details: { reconciled: outcome.reconciled },
    });
  }
}

function outcomeFor(
  { command }: CommandEntry,
  engine: LookedAtEngine | undefined,
): Extract<CommandOutcome, { status: 'unknown' }> {
  const known = v.safeParse(ContainerCommandSchema, command);
  const reconciled = known.success
    ? reconcileCommand(known.output, engine?.containers?.get(known.output.id))
    : 'undetermined';
  return { status: 'unknown', reconciled, message: MESSAGES[reconciled] };
}
