import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock';
import { toDisposable } from '../../base/lifecycle';
import type { JsonObject } from '../../protocol/envelope';
import type { WireError } from '../../protocol/errorCodes';
import { canonicalJson } from '../../protocol/json';
import type { AuditLog } from '../audit/auditLog';
import type { CommandJournal } from '../journal/commandJournal';
import type { CommandEntry, CommandKey, CommandOutcome } from '../journal/commandTable';
import type { AgentLogger } from '../serve/logger';
import { auditRecord, noteAudit, type AuditEvent, type Principal } from './principal';
import type { Reconciler } from './reconciler';
import { AgentError, wireErrorOf } from './wireErrors';

/** A signed command, whose signature was right. */
export interface OnceCommand {
  readonly principal: Principal;
  readonly id: string;
  readonly action: string;
  readonly data: JsonObject;
  /** What the audit log says of it. */
  readonly audit: Omit<AuditEvent, 'result' | 'commandId' | 'code'>;
  /** For reconciling. */
  readonly intent: unknown;
  /** Throws if it may not be done at all. */
  readonly permit: () => void;
  /** The intent is on the disk. */
  readonly accepted: () => void;
  /** Resolves with what the response is made of, if that is anything; JSON without secrets. */
  readonly execute: () => Promise<JsonObject | undefined>;
}

export interface OnceAnswer {
  readonly outcome: CommandOutcome;
  /** It ran because of this very message. */
  readonly isFirst: boolean;
}

export interface CommandsOptions {
  readonly journal: CommandJournal;
  readonly audit: AuditLog;
  readonly reconciler: Reconciler;
  readonly log: AgentLogger;
  readonly clock: Clock;
}

/** Runs each command at most once, whatever happens to connections and to the agent. */
export class Commands {
  private readonly running = new Set<Promise<unknown>>();
  private isStopping = false;

  constructor(private readonly options: CommandsOptions) {}

  /** Resolves with what came of the command, by this or an earlier message. Never rejects. */
  async run(command: OnceCommand): Promise<OnceAnswer> {
    try {
      return await this.begin(command);
    } catch (error) {
      return { outcome: failed(wireErrorOf(error, this.options.log)), isFirst: false };
    }
  }

  /** Nothing new is begun; resolves when all that runs has come to its end, or the time is over. */
  async stop(deadlineMs: number): Promise<void> {
    this.isStopping = true;
    if (this.running.size === 0) return;
    let deadline = toDisposable(() => undefined);
    const timeIsOver = new Promise<void>((resolve) => {
      deadline = this.options.clock.setTimer(resolve, deadlineMs);
    });
    await Promise.race([Promise.allSettled([...this.running]), timeIsOver]);
    deadline.dispose();
  }

  private async begin(command: OnceCommand): Promise<OnceAnswer> {
    const { journal } = this.options;
    const key: CommandKey = { tokenId: command.principal.token.id, commandId: command.id };
    if (journal.get(key) === undefined) this.permit(command);
    const answer = await journal.begin({
      ...key,
      digest: digestOf(command),
      command: command.intent,
      atMs: Date.now(),
    });
    switch (answer.kind) {
      case 'new':
        return { outcome: await this.track(this.execute(command, key)), isFirst: true };
      case 'known':
        command.accepted();
        return { outcome: await this.outcomeOf(answer.entry), isFirst: false };
      case 'commandIdReused':
        throw new AgentError('commandIdReused', 'This id was used for another command.');
      case 'tooManyCommands':
        throw new AgentError('tooManyCommands', 'There are as many remembered commands as there may be.');
    }
  }

  private permit({ principal, permit, audit, id }: OnceCommand): void {
    if (this.isStopping) throw new AgentError('shuttingDown', 'The agent is shutting down.');
    try {
      permit();
    } catch (error) {
      const { code } = wireErrorOf(error, this.options.log);
      noteAudit(this.options.audit, principal, { ...audit, result: 'refused', commandId: id, code });
      throw error;
    }
  }

  private async execute(command: OnceCommand, key: CommandKey): Promise<CommandOutcome> {
    const { journal, audit, log } = this.options;
    const event = { ...command.audit, commandId: command.id };
    const outcome = await this.attempt(command, event);
    try {
      await journal.settle(key, outcome);
    } catch (error) {
      log.error({ err: error }, 'What came of a command could not be written down.');
    }
    const code = outcome.status === 'failed' ? { code: outcome.error.code } : {};
    noteAudit(audit, command.principal, { ...event, result: outcome.status, ...code });
    return outcome;
  }

  private async attempt(command: OnceCommand, event: Omit<AuditEvent, 'result'>): Promise<CommandOutcome> {
    try {
      await this.options.audit.require(auditRecord(command.principal, { ...event, result: 'begun' }));
      command.accepted();
      const result = await command.execute();
      return { status: 'done', ...(result && { result }) };
    } catch (error) {
      return failed(wireErrorOf(error, this.options.log));
    }
  }

  private async outcomeOf(entry: CommandEntry): Promise<CommandOutcome> {
    const { reconciler } = this.options;
    const { outcome } = entry;
    if (outcome === undefined) return this.settled(entry);
    const isOpen = outcome.status === 'unknown' && outcome.reconciled === 'undetermined';
    if (isOpen) await reconciler.finished(entry);
    return this.options.journal.get(entry)?.outcome ?? outcome;
  }

  private settled(key: CommandKey): Promise<CommandOutcome> {
    const { journal } = this.options;
    return new Promise((resolve) => {
      const known = journal.get(key)?.outcome;
      if (known) {
        resolve(known);
        return;
      }
      const subscription = journal.onDidSettle((entry) => {
        if (entry.tokenId !== key.tokenId || entry.commandId !== key.commandId || !entry.outcome) return;
        subscription.dispose();
        resolve(entry.outcome);
      });
    });
  }

  private async track<T>(promise: Promise<T>): Promise<T> {
    this.running.add(promise);
    try {
      return await promise;
    } finally {
      this.running.delete(promise);
    }
  }
}

function failed(error: WireError): CommandOutcome {
  return { status: 'failed', error };
}

function digestOf({ action, data }: OnceCommand): string {
  return createHash('sha256')
    .update(`${action} ${canonicalJson(data)}`)
    .digest('base64url');
}
