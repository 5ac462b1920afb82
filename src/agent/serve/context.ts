import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../base/clock';
import type { AuditLog } from '../audit/auditLog';
import type { AgentSettings } from '../config/settings';
import type { CommandJournal } from '../journal/commandJournal';
import type { ConnectionLimits, ConnectionRates } from '../security/connectionLimits';
import type { LastUsed } from '../security/lastUsed';
import type { LoginThrottle } from '../security/loginThrottle';
import type { TokenStore } from '../security/tokenStore';
import type { TokenWatch } from '../security/tokenWatch';
import type { HostDeployments } from '../server/sessions';
import type { AgentIdentity } from '../state/stateFolder';
import type { EngineLease } from './engineLease';
import type { Health } from './health';
import type { AgentHttpServer } from './httpServer';
import type { AgentLogger } from './logger';

/** What the part of the agent that speaks the protocol is made of. */
export interface AgentContext {
  readonly settings: AgentSettings;
  readonly identity: AgentIdentity;
  readonly version: string;
  readonly clock: Clock;
  readonly log: AgentLogger;
  readonly engine: EngineLease;
  readonly tokens: TokenStore;
  readonly tokenWatch: TokenWatch;
  readonly lastUsed: LastUsed;
  readonly throttle: LoginThrottle;
  readonly connectionLimits: ConnectionLimits;
  readonly connectionRates: ConnectionRates;
  readonly audit: AuditLog;
  readonly journal: CommandJournal;
  readonly health: Health;
  /** There where this agent runs deployments. */
  readonly host?: HostDeployments;
  /** What clients that pin the certificate expect; empty without TLS. It changes when a new certificate is loaded. */
  readonly fingerprint: () => string;
}

/** What serves WebSocket connections on a server. */
export interface SocketServer {
  /** @returns false for a path that is not its own: then nothing was done */
  request?(request: IncomingMessage, response: ServerResponse): boolean;

  /**
   * Takes no more connections, closes those there are, and resolves when all that ran has ended or the time is over.
   * Never rejects.
   */
  stop(deadlineMs: number): Promise<void>;
}

export type AttachSockets = (server: AgentHttpServer, context: AgentContext) => SocketServer;
