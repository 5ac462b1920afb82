import type { WebSocket } from 'ws';
import { DisposableStore, toDisposable, type Disposable } from '../../../base/lifecycle';
import { CLOSE_REASONS, type CloseName } from '../../../protocol/closeCodes';
import { CONTAINER_LOGS_PATH, LIMITS, METRICS_PATH } from '../../../protocol/limits';
import {
  encodePlain,
  PLAIN_ERRORS,
  type PlainDeploymentMessage,
  type PlainLogMessage,
  type PlainMetrics,
} from '../../../protocol/plainMessages';
import type { AdmittedConnection } from '../../security/connectionLimits';
import { TokenBucket } from '../../security/tokenBucket';
import { answerPing } from '../outlet';
import { noteAudit, type Principal } from '../principal';
import type { Services } from '../services';
import { nowText } from '../texts';
import type { Target } from '../upgradeRequest';
import { ContainerLogs } from './containerLogs';
import { DeploymentLogs } from './deploymentLogs';
import { MachineFigures } from './machineFigures';

/** What waits beyond this is of the past. */
const MOST_UNREAD_FIGURES_BYTES = 4_096;

export interface PlainConnectionOptions {
  readonly socket: WebSocket;
  readonly principal: Principal;
  readonly admitted: AdmittedConnection;
  readonly target: Extract<Target, { kind: 'plain' }>;
  readonly services: Services;
  /** It is gone for good. */
  readonly onOver: () => void;
}

/** Somebody who watches one of the plain endpoints. Nothing that comes from there says anything. */
export class PlainConnection {
  private readonly store = new DisposableStore();
  private readonly messages: TokenBucket;
  private isClosing = false;
  private hasAnswered = true;
  private waiting: (() => void) | undefined;

  constructor(private readonly options: PlainConnectionOptions) {
    const { socket, services, principal, admitted } = options;
    this.messages = new TokenBucket(
      { capacity: LIMITS.messageBurst, refillPerSecond: LIMITS.messagesPerSecond },
      () => services.clock.nowMs(),
    );
    this.store.add(services.context.tokenWatch.hold(principal.token));
    this.store.add(toDisposable(() => admitted.dispose()));
    for (const event of ['message', 'ping', 'pong'] as const) socket.on(event, () => this.signOfLife());
    socket.on('ping', (data) => answerPing(socket, data));
    socket.on('error', (error) => services.context.log.debug({ err: error }, 'A watcher failed.'));
    socket.on('close', () => this.over());
  }

  get tokenId(): string {
    return this.options.principal.token.id;
  }

  begin(): void {
    const { target, services } = this.options;
    this.pingLater();
    if (target.path === CONTAINER_LOGS_PATH) this.watchLogs(target.query.get('appId') ?? '');
    else if (target.path === METRICS_PATH) this.watchFigures();
    else this.watchDeployment(target.query.get('deploymentId') ?? '');
    services.context.log.debug({ path: target.path }, 'A watcher has come.');
  }

  close(reason: CloseName): void {
    if (this.isClosing) return;
    this.isClosing = true;
    this.waiting?.();
    const { socket, services } = this.options;
    socket.close(CLOSE_REASONS[reason].code, reason);
    this.store.add(services.clock.setTimer(() => socket.terminate(), LIMITS.closeDeadlineMs));
  }

  /** Says what is wrong, and closes. */
  fail(message: string): void {
    void this.send({ type: 'error', timestamp: nowText(), data: { message } });
    this.close('notAvailable');
  }

  /** @returns a promise while so much waits that the watcher should be waited for */
  send(message: PlainLogMessage | PlainDeploymentMessage): void | Promise<void> {
    const { socket } = this.options;
    if (this.isClosing) return;
    if (socket.bufferedAmount > LIMITS.controlBufferedBytes) {
      this.close('clientTooSlow');
      return;
    }
    socket.send(encodePlain(message), this.written);
    if (socket.bufferedAmount < LIMITS.bulkBufferedBytes) return;
    return new Promise((resolve) => {
      const earlier = this.waiting;
      this.waiting = () => {
        earlier?.();
        resolve();
      };
    });
  }

  /** One that is too slow for the last message is not sent this one. */
  sendFigures(message: PlainMetrics): void {
    const { socket } = this.options;
    if (!this.isClosing && socket.bufferedAmount < MOST_UNREAD_FIGURES_BYTES)
      socket.send(encodePlain(message));
  }

  private readonly written = (): void => {
    if (this.waiting === undefined || this.options.socket.bufferedAmount >= LIMITS.bulkBufferedBytes) return;
    const { waiting } = this;
    this.waiting = undefined;
    waiting();
  };

  private watchLogs(appId: string): void {
    const { services, principal } = this.options;
    if (appId === '') {
      this.fail(PLAIN_ERRORS.missingAppId);
      return;
    }
    const logs: Disposable = new ContainerLogs({ appId, watcher: this, principal, services });
    this.store.add(logs);
  }

  private watchFigures(): void {
    const { services, principal } = this.options;
    this.store.add(new MachineFigures({ watcher: this, principal, services }));
  }

  private watchDeployment(deploymentId: string): void {
    const { services, principal } = this.options;
    this.store.add(new DeploymentLogs({ deploymentId, watcher: this, principal, services }));
  }

  private signOfLife(): void {
    this.hasAnswered = true;
    if (!this.messages.take()) this.close('tooManyMessages');
  }

  private pingLater(): void {
    const { socket, services } = this.options;
    const timer = services.clock.setTimer(() => {
      this.store.delete(timer);
      if (!this.hasAnswered) {
        socket.terminate();
        return;
      }
      this.hasAnswered = false;
      socket.ping();
      this.pingLater();
    }, LIMITS.plainPingMs);
    this.store.add(timer);
  }

  private over(): void {
    this.isClosing = true;
    this.waiting?.();
    this.store.dispose();
    const { services, principal, onOver } = this.options;
    noteAudit(services.context.audit, principal, { action: 'logout', result: 'done' });
    onOver();
  }
}
