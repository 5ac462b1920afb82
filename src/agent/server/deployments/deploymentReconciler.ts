import * as v from 'valibot';
import type { Clock } from '../../../base/clock';
import { deferred } from '../../../base/async';
import { messageOf } from '../../../base/errors';
import type { Deployments } from '../../../engine/deployments';
import { isOver, type Deployment } from '../../../model/deployment';
import type { AuditLog } from '../../audit/auditLog';
import type { CommandJournal } from '../../journal/commandJournal';
import type { CommandEntry, Reconciled } from '../../journal/commandTable';
import { findDeployment } from '../../security/findDeployment';
import type { AgentLogger } from '../../serve/logger';
import { DeploymentIntentSchema, type DeploymentIntent } from './deploymentIntent';

const PAGE_SIZE = 200;
/** Clocks of one machine may have been set back in between. */
const CLOCK_MARGIN_MS = 3_600_000;

const MESSAGES = {
  done: 'The agent was restarted meanwhile; the command was carried out.',
  notDone: 'The agent was restarted meanwhile; the command was not carried out.',
  undetermined: 'The agent was restarted meanwhile; what came of the command can not be told.',
} as const;

export interface DeploymentReconcilerOptions {
  readonly journal: CommandJournal;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: AgentLogger;
  readonly deployments: Deployments | undefined;
}

/** Whether it is a command about deployments that the agent's end interrupted. */
export function isAboutDeployments({ command }: Pick<CommandEntry, 'command'>): boolean {
  return v.is(DeploymentIntentSchema, command);
}

/** Looks into the journal of deployments for commands that the agent's end interrupted. */
export class DeploymentReconciler {
  private readonly whenDone = deferred<undefined>();

  constructor(private readonly options: DeploymentReconcilerOptions) {
    void this.reconcileAll();
  }

  /** Resolves when it is known what came of all of them, as far as that can be known. */
  async finished(): Promise<void> {
    await this.whenDone.promise;
  }

  private async reconcileAll(): Promise<void> {
    for (const entry of this.options.journal.interrupted()) {
      const intent = v.safeParse(DeploymentIntentSchema, entry.command);
      if (!intent.success) continue;
      await this.settle(entry, await this.reconcile(entry, intent.output));
    }
    this.whenDone.resolve(undefined);
  }

  private async reconcile(entry: CommandEntry, intent: DeploymentIntent): Promise<Reconciled> {
    const { deployments, log } = this.options;
    if (deployments === undefined) return 'undetermined';
    try {
      if (intent.kind === 'cancelDeployment')
        return await this.reconcileCancel(deployments, intent.deployment);
      return (await findStartedBy(deployments, entry.commandId, entry.atMs)) ? 'done' : 'notDone';
    } catch (error) {
      log.warn({ err: error }, `What came of a deployment could not be looked up: ${messageOf(error)}`);
      return 'undetermined';
    }
  }

  private async reconcileCancel(deployments: Deployments, id: string): Promise<Reconciled> {
    const { status } = await findDeployment(deployments, id, this.options.clock);
    if (!isOver(status)) return 'undetermined';
    return status === 'success' ? 'notDone' : 'done';
  }

  private async settle(entry: CommandEntry, reconciled: Reconciled): Promise<void> {
    const { journal, audit, log } = this.options;
    try {
      await journal.settle(entry, { status: 'unknown', reconciled, message: MESSAGES[reconciled] });
    } catch (error) {
      log.error({ err: error }, 'What came of a command could not be written down.');
    }
    const { tokenId, commandId } = entry;
    audit.note({ action: 'deploy', result: 'unknown', tokenId, commandId, details: { reconciled } });
  }
}

/** The deployment that a command started, if it did; among those that are no older than the command. */
export async function findStartedBy(
  deployments: Deployments,
  commandId: string,
  atMs: number,
): Promise<Deployment | undefined> {
  let before: Deployment | undefined;
  for (;;) {
    const page = await deployments.list({ ...(before && { before: before.id }), limit: PAGE_SIZE });
    const found = page.deployments.find((one) => one.commandId === commandId);
    if (found) return found;
    before = page.deployments.at(-1);
    if (!page.hasMore || before === undefined || before.createdAtMs < atMs - CLOCK_MARGIN_MS)
      return undefined;
  }
}
