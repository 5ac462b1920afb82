import { userInfo } from 'node:os';
import { deferred } from '../../../base/async';
import { DisposableStore, toDisposable, type Disposable } from '../../../base/lifecycle';
import { DockerEngine } from '../../../engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../../engine/docker/openDockerSession';
import type { Deployments } from '../../../engine/deployments';
import { EngineError } from '../../../engine/engine';
import { RemoteEngine } from '../../../engine/remote/remoteEngine';
import { createLogger, standardOutput } from '../../serve/logger';
import { EngineLease } from '../../serve/engineLease';
import { HostDeploymentsRunner } from '../../serve/hostDeployments';
import { readRunning, type RunningAgentInfo } from '../../serve/running';
import { TokenStore } from '../../security/tokenStore';
import type { StateFolder } from '../../state/stateFolder';
import type { CliIo } from '../io';

const CONNECT_DEADLINE_MS = 30_000;
const TOKEN_LIFETIME_MS = 24 * 60 * 60 * 1_000;

/** Deployments of this machine for one command. */
export interface Deployer {
  readonly deployments: Deployments;
  /** Whether they go on when this process ends. */
  readonly isAgent: boolean;
  close(): Promise<void>;
}

/** Those of the agent that runs with this state folder; without one they run in this process, in the same journal. */
export async function openDeployer(state: StateFolder, io: CliIo): Promise<Deployer> {
  const running = await readRunning(state.runningFile);
  return running ? connect(state, running, io) : openHere(state, io);
}

/** Whoever may write into the state folder makes a token for the while, and takes it away again. */
async function connect(state: StateFolder, running: RunningAgentInfo, io: CliIo): Promise<Deployer> {
  const tokens = new TokenStore(state.tokensFolder);
  const now = new Date();
  const name = `quaywatch-agent deploy, ${userInfo().username}`;
  const expiresAt = new Date(now.getTime() + TOKEN_LIFETIME_MS);
  const { token } = await tokens.add({ name, role: 'operator', expiresAt }, now);
  const access = {
    host: loopbackFor(running.host),
    port: running.port,
    token,
    security:
      running.security === 'plain'
        ? ({ kind: 'plain' } as const)
        : ({ kind: 'pinned', key: running.fingerprint } as const),
  };
  const engine = new RemoteEngine({
    access: () => Promise.resolve(access),
    log: () => undefined,
    clientVersion: io.version,
  });
  const close = async (): Promise<void> => {
    engine.dispose();
    await tokens.revoke(token.id);
  };
  try {
    engine.connect();
    await reached(engine);
    return { deployments: engine.deployments, isAgent: true, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function loopbackFor(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

async function reached(engine: RemoteEngine): Promise<void> {
  const done = deferred<undefined>();
  const store = new DisposableStore();
  const late = setTimeout(
    () => done.reject(new EngineError('timeout', 'The agent that runs did not answer in time.')),
    CONNECT_DEADLINE_MS,
  );
  store.add(toDisposable(() => clearTimeout(late)));
  const look = (): void => {
    if (engine.connection.kind === 'ready') done.resolve(undefined);
    else if (engine.connection.kind === 'waiting') done.reject(engine.connection.failure);
  };
  store.add(engine.onDidChangeConnection(look));
  try {
    await done.promise;
  } finally {
    store.dispose();
  }
}

async function openHere(state: StateFolder, io: CliIo): Promise<Deployer> {
  await state.create();
  const log = createLogger('silent', standardOutput());
  const address = io.env['QUAYWATCH_AGENT_DOCKER_HOST'];
  const quiet = (): void => undefined;
  const engine = new EngineLease(
    () => new DockerEngine({ openSession: dockerSessionOpener(() => address, quiet), log: quiet }),
  );
  const runner: HostDeploymentsRunner & Disposable = new HostDeploymentsRunner({
    folder: state.deploymentsFolder,
    engine,
    log,
  });
  const close = (): Promise<void> => {
    runner.dispose();
    engine.dispose();
    return Promise.resolve();
  };
  return { deployments: runner.deployments, isAgent: false, close };
}
