import { systemClock, type Clock } from '../../base/clock';
import { DisposableStore } from '../../base/lifecycle';
import type { Deployments } from '../../engine/deployments';
import { DockerEngine } from '../../engine/docker/dockerEngine';
import { MetricsMemory } from '../../engine/docker/metricsMemory';
import { LIMITS } from '../../protocol/limits';
import { AuditLog } from '../audit/auditLog';
import type { AgentSettings } from '../config/settings';
import { CommandJournal } from '../journal/commandJournal';
import { ConnectionLimits, ConnectionRates } from '../security/connectionLimits';
import { LastUsed } from '../security/lastUsed';
import { LoginThrottle } from '../security/loginThrottle';
import { TokenStore } from '../security/tokenStore';
import { TokenWatch } from '../security/tokenWatch';
import { UploadKeeper } from '../server/deployments/uploadKeeper';
import { UploadStore } from '../server/deployments/uploadStore';
import type { HostDeployments } from '../server/sessions';
import type { AgentIdentity, StateFolder } from '../state/stateFolder';
import { loadTlsMaterial, type TlsMaterial } from '../tls/certificate';
import type { AgentContext, AttachSockets, SocketServer } from './context';
import { EngineLease } from './engineLease';
import { Health } from './health';
import {
  createHttpServer,
  listen,
  replaceCertificate,
  trackSockets,
  type AgentHttpServer,
} from './httpServer';
import type { AgentLogger } from './logger';
import { claimState, processStartOf, releaseState, updateRunning, type RunningAgentInfo } from './running';

const BYTES_PER_MEGABYTE = 1_000_000;
const BYTES_PER_MEBIBYTE = 1_048_576;
const MS_PER_SECOND = 1_000;

export interface StartInput {
  readonly settings: AgentSettings;
  readonly state: StateFolder;
  readonly identity: AgentIdentity;
  readonly version: string;
  readonly log: AgentLogger;
  readonly attach: AttachSockets;
  /** Opens the deployments of this host; an agent without has none. */
  readonly openDeployments?: OpenDeployments;
}

/** Deployments for as long as an agent serves. */
export interface OpenedDeployments {
  readonly deployments: Deployments;
  /** Ends in order: what is under way is found and finished by the next one. */
  close(): Promise<void>;
}

/** Rejects with StateError where the journal can't be used. */
export type OpenDeployments = (input: {
  readonly state: StateFolder;
  readonly engine: EngineLease<DockerEngine>;
  readonly log: AgentLogger;
}) => Promise<OpenedDeployments>;

/** An agent that serves. */
export interface ServingAgent {
  readonly info: RunningAgentInfo;
  /** Reads the certificate's files again. A certificate that is no good is logged, and the one in use stays. */
  reloadCertificate(): Promise<void>;
  /** Ends everything in order: no new connection, the open ones closed, what ran awaited, files written. */
  stop(): Promise<void>;
}

/** Starts serving; rejects with StateError or ListenError, after which nothing is left running. */
export async function startAgent(input: StartInput): Promise<ServingAgent> {
  const tls = await loadTls(input);
  const info = await runningInfo(input, tls);
  const { runningFile } = input.state;
  await claimState(runningFile, info);
  try {
    return await Serving.start(input, info, tls);
  } catch (error) {
    await releaseState(runningFile);
    throw error;
  }
}

class Serving implements ServingAgent {
  private constructor(
    private readonly input: StartInput,
    readonly info: RunningAgentInfo,
    private readonly parts: AgentParts,
    private readonly server: AgentHttpServer,
    private readonly sockets: SocketServer,
    private readonly destroySockets: () => void,
  ) {}

  static async start(
    input: StartInput,
    claimed: RunningAgentInfo,
    tls: TlsMaterial | undefined,
  ): Promise<Serving> {
    const parts = await makeParts(input, tls?.fingerprint ?? '');
    const { context } = parts;
    let sockets: SocketServer | undefined = undefined as SocketServer | undefined;
    const server = createHttpServer(
      tls,
      context.health,
      (request, response) => sockets?.request?.(request, response) ?? false,
    );
    // More than that are half-open ones, which nobody has looked at yet.
    const destroySockets = trackSockets(server, input.settings.maxConnections + LIMITS.maxUnauthenticated);
    try {
      const port = await listen(server, input.settings.host, input.settings.port);
      const info = { ...claimed, port };
      await updateRunning(input.state.runningFile, info);
      sockets = input.attach(server, context);
      return new Serving(input, info, parts, server, sockets, destroySockets);
    } catch (error) {
      server.close();
      await closeParts(parts);
      throw error;
    }
  }

  async reloadCertificate(): Promise<void> {
    const { log } = this.input;
    try {
      const tls = await loadTls(this.input);
      if (tls === undefined) return;
      replaceCertificate(this.server, tls);
      this.parts.setFingerprint(tls.fingerprint);
      await updateRunning(this.input.state.runningFile, { ...this.info, fingerprint: tls.fingerprint });
      log.info({ fingerprint: tls.fingerprint, validTo: tls.validTo }, 'The certificate was read again.');
    } catch (error) {
      log.error({ err: error }, 'The certificate could not be read again; the one in use stays.');
    }
  }

  async stop(): Promise<void> {
    const { settings, state } = this.input;
    this.parts.context.health.stop();
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    await this.sockets.stop(settings.shutdownSeconds * MS_PER_SECOND);
    this.destroySockets();
    await closed;
    await closeParts(this.parts);
    await releaseState(state.runningFile);
  }
}

interface AgentParts {
  readonly context: AgentContext;
  readonly store: DisposableStore;
  readonly opened: OpenedDeployments | undefined;
  setFingerprint(fingerprint: string): void;
}

async function makeParts(input: StartInput, firstFingerprint: string): Promise<AgentParts> {
  const { settings, identity, state, version, log } = input;
  const clock: Clock = systemClock;
  const nowMs = (): number => clock.nowMs();
  const store = new DisposableStore();
  let fingerprint = firstFingerprint;
  const tokens = new TokenStore(state.tokensFolder);
  // The engine is let go with the last client; what it showed is there for the next one.
  const metricsMemory = new MetricsMemory();
  const engine = store.add(new EngineLease(() => dockerEngine(settings, log, metricsMemory)));
  const opened = await input.openDeployments?.({ state, engine, log });
  const host = opened && (await hostOf(input, opened));
  const connectionLimits = new ConnectionLimits({ ...LIMITS, maxConnections: settings.maxConnections });
  const context: AgentContext = {
    settings,
    identity,
    version,
    clock,
    log,
    engine,
    tokens,
    tokenWatch: store.add(new TokenWatch(tokens, clock)),
    lastUsed: await openLastUsed(input, clock, tokens),
    throttle: new LoginThrottle(nowMs),
    connectionLimits,
    connectionRates: new ConnectionRates(nowMs),
    audit: await openAudit(input),
    journal: await CommandJournal.open(state.journalFile),
    health: new Health({
      engine: () => engine.health,
      connections: () => connectionLimits.connections,
      nowMs,
    }),
    fingerprint: () => fingerprint,
    ...(host && { host }),
  };
  return { context, store, opened, setFingerprint: (value) => (fingerprint = value) };
}

async function hostOf(
  { settings, state }: StartInput,
  { deployments }: OpenedDeployments,
): Promise<HostDeployments> {
  const uploads = await UploadStore.open(
    state.uploadsFolder,
    settings.uploadMaxMegabytes * BYTES_PER_MEBIBYTE,
  );
  return { deployments, uploads, keeper: new UploadKeeper(deployments) };
}

async function closeParts({ context, store, opened }: AgentParts): Promise<void> {
  const { log, lastUsed, journal, audit } = context;
  context.host?.keeper.dispose();
  try {
    await opened?.close();
  } catch (error) {
    log.error({ err: error }, 'The deployments could not be closed.');
  }
  store.dispose();
  await lastUsed.save();
  for (const part of [journal, audit]) {
    try {
      await part.close();
    } catch (error) {
      log.error({ err: error }, 'A file of the state could not be closed.');
    }
  }
}

async function openLastUsed({ state, log }: StartInput, clock: Clock, tokens: TokenStore): Promise<LastUsed> {
  const warn = (error: unknown): void =>
    log.warn({ err: error }, 'When tokens were used is not written down.');
  const lastUsed = await LastUsed.open(state.lastUsedFile, clock, warn);
  const { tokens: known, unreadable } = await tokens.list();
  for (const error of unreadable) log.warn({ err: error }, 'A token can not be used.');
  if (unreadable.length === 0) lastUsed.keepOnly(new Set(known.map(({ id }) => id)));
  return lastUsed;
}

function openAudit({ settings, state, log }: StartInput): Promise<AuditLog> {
  const options = {
    maxBytes: settings.auditMaxMegabytes * BYTES_PER_MEGABYTE,
    maxOldFiles: settings.auditOldFiles,
  };
  const lost = (error: unknown): void => log.error({ err: error }, 'The audit log could not be written.');
  return AuditLog.open(state.auditFile, options, () => new Date(), lost);
}

function dockerEngine(
  { dockerHost }: AgentSettings,
  log: AgentLogger,
  metricsMemory: MetricsMemory,
): DockerEngine {
  const write = (level: 'debug' | 'info' | 'warn' | 'error', message: string): void => log[level](message);
  return new DockerEngine({
    openSession: async (signal) => {
      // Large, and not needed before somebody connects.
      const { dockerSessionOpener } = await import('../../engine/docker/openDockerSession');
      return dockerSessionOpener(() => (dockerHost === '' ? undefined : dockerHost), write)(signal);
    },
    log: write,
    metricsMemory,
  });
}

async function loadTls({ settings, state, log }: StartInput): Promise<TlsMaterial | undefined> {
  if (settings.plain || settings.insecurePlain) return undefined;
  const given = { certificateFile: settings.cert, keyFile: settings.key };
  const tls = await loadTlsMaterial(settings.cert === '' ? state : given, new Date());
  for (const warning of tls.warnings) log.warn(warning);
  return tls;
}

async function runningInfo(
  { settings, version }: StartInput,
  tls: TlsMaterial | undefined,
): Promise<RunningAgentInfo> {
  return {
    pid: process.pid,
    processStart: await processStartOf(process.pid),
    version,
    startedAt: new Date().toISOString(),
    host: settings.host,
    port: settings.port,
    security: tls === undefined ? 'plain' : settings.cert === '' ? 'own' : 'given',
    fingerprint: tls?.fingerprint ?? '',
  };
}
