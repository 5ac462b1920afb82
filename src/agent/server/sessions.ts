import { randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock';
import { toDisposable } from '../../base/lifecycle';
import type { Deployments } from '../../engine/deployments';
import type { ContainerEngine } from '../../engine/engine';
import { RetainedBytes } from '../../protocol/flowControl';
import { LIMITS } from '../../protocol/limits';
import { ScopedDeployments } from '../security/scopedDeployments';
import { ScopedEngine } from '../security/scopedEngine';
import type { Revocation, TokenWatch } from '../security/tokenWatch';
import type { EngineLease } from '../serve/engineLease';
import { SessionUploads } from './deployments/sessionUploads';
import type { UploadKeeper } from './deployments/uploadKeeper';
import type { UploadStore } from './deployments/uploadStore';
import type { Principal } from './principal';
import { Session, type SessionDeployments, type SessionEnd, type TokenShare } from './session';

const ID_BYTES = 16;

const END_BY_REASON = {
  revoked: 'tokenRevoked',
  expired: 'tokenExpired',
  changed: 'permissionsChanged',
} as const satisfies Record<Revocation['reason'], SessionEnd>;

export function endFor({ reason }: Revocation): SessionEnd {
  return END_BY_REASON[reason];
}

export interface SessionsOptions {
  readonly lease: Pick<EngineLease, 'acquire'>;
  readonly tokenWatch: Pick<TokenWatch, 'hold'>;
  /** A steady one. */
  readonly clock: Clock;
  readonly host?: HostDeployments;
  /** An engine was leased for a session. */
  readonly onLeased: (engine: ContainerEngine) => void;
}

/** The deployments of the agent's host. */
export interface HostDeployments {
  readonly deployments: Deployments;
  readonly uploads: UploadStore;
  readonly keeper: UploadKeeper;
}

/** All sessions of one run of the agent. */
export class Sessions {
  readonly epoch = randomId();
  private readonly sessions = new Map<string, Session>();

  constructor(private readonly options: SessionsOptions) {}

  get size(): number {
    return this.sessions.size;
  }

  /** The session that a client comes back to, if it is there and the client's. */
  find(
    resume: { readonly session: string; readonly epoch: string },
    { token }: Principal,
  ): Session | undefined {
    if (resume.epoch !== this.epoch) return undefined;
    const session = this.sessions.get(resume.session);
    return session?.principal.token.id === token.id ? session : undefined;
  }

  /** Makes a session; where there are as many as there may be, another one ends. */
  make(principal: Principal): Session {
    const { lease, tokenWatch, clock } = this.options;
    this.makeRoom(principal.token.id);
    const leased = lease.acquire();
    const engine = new ScopedEngine(leased.engine, principal.rights);
    const share = this.shareOf(principal.token.id);
    const deployments = this.deploymentsFor(principal, engine);
    const session = new Session(randomId(), principal, engine, clock, share, deployments);
    this.sessions.set(session.id, session);
    session.own(leased);
    session.own(tokenWatch.hold(principal.token));
    session.own(toDisposable(() => this.sessions.delete(session.id)));
    this.options.onLeased(leased.engine);
    return session;
  }

  private deploymentsFor({ rights }: Principal, engine: ScopedEngine): SessionDeployments | undefined {
    const { host, clock } = this.options;
    return (
      host && {
        deployments: new ScopedDeployments(host.deployments, engine, rights, clock),
        uploads: new SessionUploads(host.uploads),
      }
    );
  }

  /** The session's connection is gone; it waits for its client. */
  leave(session: Session): void {
    const end = (): void => session.dispose();
    session.wait(this.options.clock.setTimer(end, LIMITS.sessionRetentionMs));
  }

  revoked(revocation: Revocation): void {
    for (const session of [...this.sessions.values()]) {
      if (session.principal.token.id === revocation.id) session.end(endFor(revocation));
    }
  }

  dispose(): void {
    for (const session of [...this.sessions.values()]) session.dispose();
  }

  private ofToken(tokenId: string): readonly Session[] {
    return [...this.sessions.values()].filter(({ principal }) => principal.token.id === tokenId);
  }

  private shareOf(tokenId: string): TokenShare {
    const [other] = this.ofToken(tokenId);
    if (other) return other.ofToken;
    const retained = new RetainedBytes(LIMITS.tokenRetainedBytes);
    return { retained, hasRoomForStream: () => this.hasRoomForStream(tokenId) };
  }

  /** Sessions whose clients are away give way. */
  private hasRoomForStream(tokenId: string): boolean {
    for (;;) {
      const sessions = this.ofToken(tokenId).filter(({ streamCount }) => streamCount > 0);
      const streams = sessions.reduce((sum, { streamCount }) => sum + streamCount, 0);
      if (streams < LIMITS.maxStreamsPerToken) return true;
      const waiting = sessions.filter(({ isConnected }) => !isConnected);
      if (waiting.length === 0) return false;
      endLeastNeeded(waiting);
    }
  }

  private makeRoom(tokenId: string): void {
    const all = [...this.sessions.values()];
    const ofToken = this.ofToken(tokenId);
    if (ofToken.length >= LIMITS.maxSessionsPerToken) endLeastNeeded(ofToken);
    else if (all.length >= LIMITS.maxSessions) endLeastNeeded(all);
  }
}

/** The one that has been without a connection longest; where all have one, the oldest. */
function endLeastNeeded(sessions: readonly Session[]): void {
  const left = sessions.filter(({ isConnected }) => !isConnected);
  left.sort((a, b) => (a.detachedAtMs ?? 0) - (b.detachedAtMs ?? 0));
  (left[0] ?? sessions[0])?.end('sessionTakenOver');
}

function randomId(): string {
  return randomBytes(ID_BYTES).toString('base64url');
}
