import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Clock } from '../../base/clock';
import { DisposableStore, toDisposable } from '../../base/lifecycle';
import { LIMITS } from '../../protocol/limits';
import type { AdmittedConnection } from '../security/connectionLimits';
import type { Revocation } from '../security/tokenWatch';
import type { AgentContext, SocketServer } from '../serve/context';
import type { AgentHttpServer } from '../serve/httpServer';
import { Commands } from './commands';
import { Connection } from './connection';
import { DeploymentReconciler } from './deployments/deploymentReconciler';
import { DeploymentRequests } from './http/deploymentRequests';
import { LogBodies } from './logBodies';
import { Logins } from './logins';
import { MetricsContents } from './metricsContents';
import { PlainConnection } from './plain/plainConnection';
import { Reconciler } from './reconciler';
import { refuseUpgrade, UpgradeRefusal } from './refusal';
import type { Services } from './services';
import { endFor, Sessions } from './sessions';
import { steadyClock } from './steadyClock';
import { Ticker } from './ticker';
import { wireErrorOf } from './wireErrors';
import {
  checkOrigin,
  checkUpgrade,
  chooseSubprotocol,
  namedToken,
  namedWatchKey,
  targetOf,
  type Target,
} from './upgradeRequest';

/** So that a message of many tiny parts costs no more memory than one of few. */
const MAX_FRAGMENTS = 256;
const MAX_BUFFERED_CHUNKS = 4_096;

interface Arrival {
  readonly request: IncomingMessage;
  readonly transport: Duplex;
  readonly head: Buffer;
  readonly address: string;
}

/** Serves WebSocket connections: lets in who may come in, and ends them all when the agent ends. */
export class AgentServer implements SocketServer {
  private readonly store = new DisposableStore();
  private readonly services: Services;
  private readonly requests: DeploymentRequests;
  private readonly reconciler: Reconciler;
  private readonly webSockets: WebSocketServer;
  private readonly plainWebSockets: WebSocketServer;
  private readonly connections = new Set<Connection>();
  private readonly plainConnections = new Set<PlainConnection>();
  private isStopping = false;
  private whenEmpty: (() => void) | undefined;

  constructor(
    server: AgentHttpServer,
    private readonly context: AgentContext,
    clock: Clock = steadyClock,
  ) {
    const { journal, audit, log, engine, tokenWatch } = context;
    const nowMs = (): number => context.clock.nowMs();
    const onFailed = (error: unknown): void =>
      log.error({ err: error }, 'What came of a command could not be written down.');
    const deployments = new DeploymentReconciler({
      journal,
      audit,
      clock,
      log,
      deployments: context.host?.deployments,
    });
    this.reconciler = this.store.add(new Reconciler({ journal, audit, clock, nowMs, onFailed, deployments }));
    const sessions = new Sessions({
      lease: engine,
      tokenWatch,
      clock,
      ...(context.host && { host: context.host }),
      onLeased: (leased) => this.reconciler.lookAt(leased),
    });
    this.services = {
      context,
      clock,
      logins: new Logins(context),
      sessions,
      commands: new Commands({ journal, audit, reconciler: this.reconciler, log, clock }),
      bodies: new LogBodies(),
      ticker: this.store.add(new Ticker(clock)),
      metricsContents: new MetricsContents((error) => wireErrorOf(error, log)),
      metricsTicker: this.store.add(new Ticker(clock, LIMITS.metricsBatchDelayMs)),
    };
    this.requests = new DeploymentRequests({ services: this.services, isStopping: () => this.isStopping });
    this.webSockets = makeWebSocketServer(LIMITS.maxMessageBytes, chooseSubprotocol);
    this.plainWebSockets = makeWebSocketServer(LIMITS.maxMessageBytesBeforeAuth, () => false);
    this.store.add(tokenWatch.onDidRevoke((revocation) => this.revoked(revocation)));
    const upgrade = (request: IncomingMessage, transport: Duplex, head: Buffer): void =>
      void this.upgrade({ request, transport, head, address: request.socket.remoteAddress ?? '' });
    server.on('upgrade', upgrade);
    this.store.add(toDisposable(() => server.off('upgrade', upgrade)));
  }

  request(request: IncomingMessage, response: ServerResponse): boolean {
    return this.requests.handle(request, response);
  }

  async stop(deadlineMs: number): Promise<void> {
    this.isStopping = true;
    const { commands, sessions, clock } = this.services;
    const beganAtMs = clock.nowMs();
    await commands.stop(Math.max(0, deadlineMs - LIMITS.closeDeadlineMs));
    for (const connection of [...this.connections, ...this.plainConnections]) connection.close('goingAway');
    const leftMs = Math.max(0, deadlineMs - (clock.nowMs() - beganAtMs));
    await this.allClosed(leftMs);
    sessions.dispose();
    this.store.dispose();
  }

  private async upgrade(arrival: Arrival): Promise<void> {
    const { transport, request } = arrival;
    // Whoever has it by then listens too; until then nobody does.
    transport.on('error', (error) => this.context.log.debug({ err: error }, 'A connection broke.'));
    let admitted: AdmittedConnection | undefined;
    try {
      const target = targetOf(request);
      checkUpgrade(request);
      admitted = this.admit(arrival.address);
      checkOrigin(request, this.context.settings.allowOrigins);
      if (target.kind === 'agent') await this.upgradeClient(arrival, admitted);
      else await this.upgradeWatcher(arrival, admitted, target);
    } catch (error) {
      admitted?.dispose();
      this.refuse(arrival, error);
    }
  }

  private refuse({ transport, address }: Arrival, error: unknown): void {
    const { log } = this.context;
    if (error instanceof UpgradeRefusal) {
      log.debug({ address, code: error.reason }, `A connection was refused: ${error.message}`);
      refuseUpgrade(transport, error);
      return;
    }
    log.error({ err: error, address }, 'A connection could not be taken.');
    refuseUpgrade(transport, new UpgradeRefusal('unavailable', 'The agent failed by itself.'));
  }

  /** @throws UpgradeRefusal */
  private admit(address: string): AdmittedConnection {
    if (this.isStopping) throw new UpgradeRefusal('unavailable', 'The agent is shutting down.');
    const { connectionRates, connectionLimits } = this.context;
    const waitMs = connectionRates.take(address);
    if (waitMs > 0) throw new UpgradeRefusal('rateLimited', 'Too many connections.', waitMs);
    const admitted = connectionLimits.admit(address) ?? this.admitInPlaceOfOldest(address);
    if (admitted === undefined) throw new UpgradeRefusal('unavailable', 'There are too many connections.');
    return admitted;
  }

  /** Whoever keeps connections open without authenticating must not keep others out. */
  private admitInPlaceOfOldest(address: string): AdmittedConnection | undefined {
    const waiting = [...this.connections].filter(({ isAuthenticated }) => !isAuthenticated);
    const oldest = waiting.find((connection) => connection.address === address) ?? waiting[0];
    oldest?.makeRoom();
    return oldest && this.context.connectionLimits.admit(address);
  }

  private async upgradeClient(arrival: Arrival, admitted: AdmittedConnection): Promise<void> {
    const { request, transport, address } = arrival;
    const tokenId = namedToken(request);
    chooseSubprotocol(request);
    await this.services.logins.checkNamed(tokenId, address);
    this.take(this.webSockets, arrival, admitted, (socket) => {
      const connection: Connection = new Connection({
        socket,
        transport,
        address,
        tokenId,
        admitted,
        services: this.services,
        onOver: () => this.over(this.connections, connection),
      });
      this.connections.add(connection);
      connection.begin();
    });
  }

  private async upgradeWatcher(
    arrival: Arrival,
    admitted: AdmittedConnection,
    target: Extract<Target, { kind: 'plain' }>,
  ): Promise<void> {
    const { request, address } = arrival;
    const key = namedWatchKey(request);
    const principal = await this.services.logins.checkWatchKey(key, address);
    admitted.authenticated();
    this.context.connectionRates.giveBack(address);
    this.take(this.plainWebSockets, arrival, admitted, (socket) => {
      const connection: PlainConnection = new PlainConnection({
        socket,
        principal,
        admitted,
        target,
        services: this.services,
        onOver: () => this.over(this.plainConnections, connection),
      });
      this.plainConnections.add(connection);
      connection.begin();
    });
  }

  private take(
    webSockets: WebSocketServer,
    { request, transport, head }: Arrival,
    admitted: AdmittedConnection,
    use: (socket: WebSocket) => void,
  ): void {
    if (this.isStopping) throw new UpgradeRefusal('unavailable', 'The agent is shutting down.');
    if (!transport.readable || !transport.writable) {
      admitted.dispose();
      transport.destroy();
      return;
    }
    webSockets.handleUpgrade(request, transport, head, use);
  }

  private over<T>(connections: Set<T>, connection: T): void {
    connections.delete(connection);
    if (this.connections.size + this.plainConnections.size === 0) this.whenEmpty?.();
  }

  private revoked(revocation: Revocation): void {
    const { audit, log } = this.context;
    log.info({ tokenId: revocation.id, reason: revocation.reason }, 'A token in use is not valid any more.');
    audit.note({
      action: 'revoked',
      result: 'done',
      tokenId: revocation.id,
      details: { reason: revocation.reason },
    });
    this.services.sessions.revoked(revocation);
    for (const connection of [...this.connections, ...this.plainConnections]) {
      if (connection.tokenId === revocation.id) connection.close(endFor(revocation));
    }
  }

  private async allClosed(deadlineMs: number): Promise<void> {
    if (this.connections.size + this.plainConnections.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.services.clock.setTimer(resolve, deadlineMs);
      this.whenEmpty = () => {
        timer.dispose();
        resolve();
      };
    });
  }
}

function makeWebSocketServer(
  maxPayload: number,
  choose: (request: IncomingMessage) => string | false,
): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload,
    maxFragments: MAX_FRAGMENTS,
    maxBufferedChunks: MAX_BUFFERED_CHUNKS,
    handleProtocols: (_offered, request) => choose(request),
  });
}
