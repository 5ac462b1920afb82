import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RemoteEngine, type RemoteEngineOptions } from '../../src/engine/remote/remoteEngine';
import { parsePairingLink, type Pairing } from '../../src/protocol/pairingLink';
import { AgentBundle, type AgentProcess, type CliResult } from './agentProcess';

const HOST = '127.0.0.1';

/** An agent as its own process over real TLS, and what pairs a client with it. */
export class PairedAgent {
  private constructor(
    private readonly bundle: AgentBundle,
    private readonly folder: string,
    private readonly dockerHost: string,
    private readonly link: string,
    private readonly env: NodeJS.ProcessEnv,
    private process: AgentProcess,
  ) {}

  /** @param env more of the process's environment */
  static async start(dockerHost: string, env: NodeJS.ProcessEnv = {}): Promise<PairedAgent> {
    const bundle = await AgentBundle.make();
    const folder = mkdtempSync(join(tmpdir(), 'quaywatch-paired-agent-'));
    const { code, stdout, stderr } = await bundle.run(['init', '--address', HOST], environmentOf(folder));
    if (code !== 0) throw new Error(`The agent could not be made: ${stderr}`);
    const process = await serve(bundle, folder, dockerHost, 0, env);
    return new PairedAgent(bundle, folder, dockerHost, stdout.trim(), env, process);
  }

  get pid(): number {
    return this.process.pid;
  }

  get isRunning(): boolean {
    return this.process.isRunning;
  }

  /** Makes another token, as `quaywatch-agent pair` does. */
  async addToken(...options: readonly string[]): Promise<Pairing> {
    const { code, stdout, stderr } = await this.bundle.run(['pair', ...options], environmentOf(this.folder));
    if (code !== 0) throw new Error(`There is no new token: ${stderr}`);
    return { ...parsePairingLink(stdout.trim()), host: HOST, port: this.port };
  }

  get port(): number {
    return this.process.port;
  }

  /** @param port where to connect to instead of to the agent itself */
  pairing(port = this.port): Pairing {
    return { ...parsePairingLink(this.link), host: HOST, port };
  }

  /** Runs a command with the agent's state folder to its end. */
  run(args: readonly string[]): Promise<CliResult> {
    return this.bundle.run(args, environmentOf(this.folder));
  }

  get stateFolder(): string {
    return join(this.folder, 'state');
  }

  /** The agent's log. */
  get output(): string {
    return this.process.output;
  }

  /** Ends it at once, as a crash does, and starts it again on the same port. */
  async crash(): Promise<void> {
    const { port } = this;
    await this.process.end('SIGKILL');
    this.process = await serve(this.bundle, this.folder, this.dockerHost, port, this.env);
  }

  async dispose(): Promise<void> {
    await this.process.kill();
    rmSync(this.folder, { recursive: true, force: true });
    this.bundle.remove();
  }
}

/** The code under test: the port on the far side of the wire. */
export function openRemoteEngine(pairing: Pairing, options: Partial<RemoteEngineOptions> = {}): RemoteEngine {
  return new RemoteEngine({
    access: () => Promise.resolve(pairing),
    log: () => undefined,
    clientVersion: 'test',
    ...options,
  });
}

function serve(
  bundle: AgentBundle,
  folder: string,
  dockerHost: string,
  port: number,
  env: NodeJS.ProcessEnv,
): Promise<AgentProcess> {
  const args = ['--host', HOST, '--port', String(port), '--docker-host', dockerHost];
  return bundle.serve(args, { ...environmentOf(folder), ...env });
}

function environmentOf(folder: string): NodeJS.ProcessEnv {
  return { QUAYWATCH_AGENT_STATE: join(folder, 'state') };
}
