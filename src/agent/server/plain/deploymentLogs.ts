import { DisposableStore, type Disposable } from '../../../base/lifecycle';
import type { EngineError } from '../../../engine/engine';
import { isOver, reasonOf, type Deployment, type DeploymentEntry } from '../../../model/deployment';
import { LIMITS } from '../../../protocol/limits';
import { PLAIN_ERRORS, type PlainDeploymentMessage } from '../../../protocol/plainMessages';
import type { CloseName } from '../../../protocol/closeCodes';
import { ScopedDeployments } from '../../security/scopedDeployments';
import { ScopedEngine } from '../../security/scopedEngine';
import { mayDo } from '../../security/permissions';
import { noteAudit, type Principal } from '../principal';
import type { Services } from '../services';
import { cutText } from './cutText';

/** How long the engine may take to give its list. */
const ENGINE_DEADLINE_MS = 10_000;

export interface DeploymentWatcher {
  /** @returns a promise while so much waits that the watcher should be waited for */
  send(message: PlainDeploymentMessage): void | Promise<void>;
  fail(message: string): void;
  close(reason: CloseName): void;
}

export interface DeploymentLogsOptions {
  readonly deploymentId: string;
  readonly watcher: DeploymentWatcher;
  readonly principal: Principal;
  readonly services: Services;
}

/** A deployment's journal as `/ws/deployment/logs` shows it, until the deployment is over. */
export class DeploymentLogs implements Disposable {
  private readonly store = new DisposableStore();
  private following: Disposable | undefined;
  private last = 0;
  private newest: Deployment | undefined;

  constructor(private readonly options: DeploymentLogsOptions) {
    const { services, principal, watcher, deploymentId } = options;
    const { host, audit } = services.context;
    if (!host) watcher.fail(PLAIN_ERRORS.noDeployments);
    else if (deploymentId === '') watcher.fail(PLAIN_ERRORS.missingDeploymentId);
    else if (!mayDo(principal.rights, 'deployments')) watcher.fail(PLAIN_ERRORS.permissionDenied);
    else {
      this.begin();
      noteAudit(audit, principal, {
        action: 'deployments',
        result: 'done',
        details: { deployment: deploymentId },
      });
    }
  }

  dispose(): void {
    this.following?.dispose();
    this.store.dispose();
  }

  /** Only a scope needs to know the containers, and with them the engine. */
  private begin(): void {
    const { services, principal, watcher } = this.options;
    const { host, engine } = services.context;
    if (!host) return;
    const lease = principal.rights.scope && this.store.add(engine.acquire());
    if (!lease) {
      this.follow(this.scoped({ containers: new Map(), onDidChangeContainers: () => NOTHING }));
      return;
    }
    const scopedEngine = this.store.add(new ScopedEngine(lease.engine, principal.rights));
    const deployments = this.scoped(scopedEngine);
    const look = (): void => {
      if (scopedEngine.containers === undefined || lease.engine.connection.kind !== 'ready') return;
      waiting.dispose();
      this.follow(deployments);
    };
    const waiting = this.store.add(new DisposableStore());
    waiting.add(services.clock.setTimer(() => watcher.fail(PLAIN_ERRORS.timeout), ENGINE_DEADLINE_MS));
    waiting.add(scopedEngine.onDidChangeConnection(look));
    look();
  }

  private scoped(
    engine: Pick<ScopedEngine, 'containers' | 'onDidChangeContainers'>,
  ): Pick<ScopedDeployments, 'follow'> {
    const { services, principal } = this.options;
    const { host } = services.context;
    if (!host) throw new Error('There are no deployments.');
    return this.store.add(new ScopedDeployments(host.deployments, engine, principal.rights, services.clock));
  }

  private follow(deployments: Pick<ScopedDeployments, 'follow'>): void {
    this.following = deployments.follow(this.options.deploymentId, this.last, {
      entries: (entries) => this.take(entries, deployments),
      ended: (error) => this.ended(error),
    });
  }

  private take(entries: readonly DeploymentEntry[], deployments: Pick<ScopedDeployments, 'follow'>): void {
    for (const entry of entries) {
      if (entry.sequence <= this.last) continue;
      this.last = entry.sequence;
      const waiting = entry.kind === 'log' ? this.sendLog(entry) : this.sendState(entry);
      if (!waiting) continue;
      // The journal has the rest; it is read again when the watcher has taken this.
      this.following?.dispose();
      void waiting.then(() => {
        if (!this.store.isDisposed) this.follow(deployments);
      });
      return;
    }
  }

  private sendLog({ timeMs, text }: Extract<DeploymentEntry, { kind: 'log' }>): void | Promise<void> {
    let waiting: void | Promise<void> = undefined;
    for (const line of cutText(text, LIMITS.plainMaxLineBytes))
      waiting =
        this.options.watcher.send({ type: 'log', timestamp: timeText(timeMs), data: { line } }) ?? waiting;
    return waiting;
  }

  private sendState({
    timeMs,
    deployment,
  }: Extract<DeploymentEntry, { kind: 'state' }>): void | Promise<void> {
    this.newest = deployment;
    const { id, status, stage, progress, message, failure } = deployment;
    const error_message = failure ? (reasonOf(deployment) ?? '') : '';
    const data = { deployment_id: id, status, stage, progress, message, error_message };
    return this.options.watcher.send({ type: 'status', timestamp: timeText(timeMs), data });
  }

  private ended(error: EngineError | undefined): void {
    const { watcher } = this.options;
    const { newest } = this;
    if (error !== undefined || newest === undefined || !isOver(newest.status)) {
      const isAbsent = error === undefined || error.code === 'noSuchDeployment';
      watcher.fail(isAbsent ? PLAIN_ERRORS.deploymentNotFound : error.message);
      return;
    }
    const timestamp = timeText(newest.endedAtMs ?? Date.now());
    const message = newest.failure && reasonOf(newest);
    if (message !== undefined) void watcher.send({ type: 'error', timestamp, data: { message } });
    watcher.close('normal');
  }
}

const NOTHING: Disposable = { dispose: () => undefined };

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
