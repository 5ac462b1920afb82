import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { attachSockets } from '../../src/agent/serve/sockets';
import { initialize } from '../../src/agent/cli/initialize';
import { SETTING_KEYS, SETTING_RULES, type AgentSettings } from '../../src/agent/config/settings';
import type { AttachSockets } from '../../src/agent/serve/context';
import { startAgent, type ServingAgent, type StartInput } from '../../src/agent/serve/startAgent';
import { StateFolder } from '../../src/agent/state/stateFolder';
import type { Deployments } from '../../src/engine/deployments';
import type { StoredToken, TokenRequest } from '../../src/agent/security/token';
import { watchKey } from '../../src/agent/security/tokenSecret';
import { TokenStore } from '../../src/agent/security/tokenStore';
import { formatPairingLink, formatToken, type Token } from '../../src/protocol/pairingLink';

const HOST = '127.0.0.1';

export interface TestAgentOptions {
  /** Of the Docker engine that the agent serves. */
  readonly engineSocket: string;
  /** Of the first token; an admin's without a scope if left out. */
  readonly token?: Partial<TokenRequest>;
  readonly settings?: Partial<AgentSettings>;
  /** An earlier agent's folder, which is then not removed. */
  readonly stateFolder?: string;
  /** Instead of the agent's own sockets. */
  readonly attach?: AttachSockets;
  /** What it deploys with; nothing if left out. Restarts of the agent leave it alone. */
  readonly deployments?: Deployments;
  /** Gets every line of the agent's log. */
  readonly log?: (line: string) => void;
}

/** A token with all that opens with it. */
export interface TestToken {
  readonly token: Token;
  readonly stored: StoredToken;
  /** `TOKENID.SECRET`. */
  readonly text: string;
  readonly watchKey: string;
  readonly link: string;
}

/** An agent in this process, over real TLS on a free port of the loopback address. */
export class TestAgent {
  private constructor(
    private readonly options: TestAgentOptions,
    readonly state: StateFolder,
    private readonly transports: Transports,
    private serving: ServingAgent,
  ) {}

  private first: Token | undefined;

  static async start(options: TestAgentOptions): Promise<TestAgent> {
    const folder = options.stateFolder ?? mkdtempSync(join(tmpdir(), 'quaywatch-test-agent-'));
    const state = new StateFolder(folder);
    if ((await state.readIdentity()) === undefined) await initialize(state, [{ host: HOST }], new Date());
    const transports = new Transports();
    const agent = new TestAgent(options, state, transports, await serve(options, state, transports));
    agent.first = (await agent.addToken(options.token)).token;
    return agent;
  }

  get port(): number {
    return this.serving.info.port;
  }

  /** Without a path: `wss://127.0.0.1:PORT`. */
  get url(): string {
    return `${this.isPlain ? 'ws' : 'wss'}://${HOST}:${this.port}`;
  }

  get fingerprint(): string {
    return this.serving.info.fingerprint;
  }

  get token(): Token {
    if (this.first === undefined) throw new Error('The agent has not been started.');
    return this.first;
  }

  /** `TOKENID.SECRET` of the first token. */
  get tokenSecret(): string {
    return formatToken(this.token);
  }

  /** The pairing link of the first token. */
  get link(): string {
    return this.linkFor(this.token);
  }

  async addToken(request: Partial<TokenRequest> = {}): Promise<TestToken> {
    const complete: TokenRequest = { name: 'test', role: 'admin', ...request };
    const { stored, token } = await this.tokens.add(complete, new Date());
    return { stored, token, text: formatToken(token), watchKey: watchKey(token), link: this.linkFor(token) };
  }

  revoke(tokenId: string): Promise<boolean> {
    return this.tokens.revoke(tokenId);
  }

  /** Breaks all connections, as a network does. */
  cutConnections(): void {
    this.transports.cut();
  }

  /** Ends it in order; its state stays for {@link start}. */
  stop(): Promise<void> {
    return this.serving.stop();
  }

  /** Starts another one on the same port with the same state. */
  async start(): Promise<void> {
    this.serving = await serve(this.options, this.state, this.transports, this.port);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Ends it and removes its files. */
  async dispose(): Promise<void> {
    await this.serving.stop();
    if (this.options.stateFolder === undefined) rmSync(this.state.path, { recursive: true, force: true });
  }

  private get tokens(): TokenStore {
    return new TokenStore(this.state.tokensFolder);
  }

  private get isPlain(): boolean {
    return this.fingerprint === '';
  }

  private linkFor(token: Token): string {
    return formatPairingLink({
      host: HOST,
      port: this.port,
      token,
      security: this.isPlain ? { kind: 'plain' } : { kind: 'pinned', key: this.fingerprint },
    });
  }
}

export function startTestAgent(options: TestAgentOptions): Promise<TestAgent> {
  return TestAgent.start(options);
}

/** The connections that are open. */
class Transports {
  private readonly open = new Set<Socket>();

  readonly watch = (attach: AttachSockets): AttachSockets => {
    return (server, context) => {
      server.on('connection', (socket: Socket) => {
        this.open.add(socket);
        socket.once('close', () => this.open.delete(socket));
      });
      return attach(server, context);
    };
  };

  cut(): void {
    for (const socket of this.open) socket.destroy();
  }
}

async function serve(
  options: TestAgentOptions,
  state: StateFolder,
  transports: Transports,
  port = 0,
): Promise<ServingAgent> {
  const lines = { write: (line: string): void => options.log?.(line) };
  return startAgent({
    settings: {
      ...DEFAULTS,
      state: state.path,
      host: HOST,
      port,
      dockerHost: `unix://${options.engineSocket}`,
      ...options.settings,
    },
    state,
    identity: await state.requireIdentity(),
    version: '0.0.0',
    log: pino({ level: options.log ? 'debug' : 'silent', base: null }, lines),
    attach: transports.watch(options.attach ?? attachSockets),
    ...openerOf(options.deployments),
  });
}

function openerOf(deployments: Deployments | undefined): Pick<StartInput, 'openDeployments'> {
  if (deployments === undefined) return {};
  return { openDeployments: () => Promise.resolve({ deployments, close: () => Promise.resolve() }) };
}

const DEFAULTS = Object.fromEntries(
  SETTING_KEYS.map((key) => [key, SETTING_RULES[key].default]),
) as unknown as AgentSettings;
