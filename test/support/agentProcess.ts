import { spawn, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import { eventually } from './eventually';

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const DEADLINE_MS = 20_000;

/** The agent's bundle as it is shipped, in a folder of its own where there is no package beside it. */
export class AgentBundle {
  private constructor(private readonly folder: string) {}

  static async make(): Promise<AgentBundle> {
    const folder = mkdtempSync(join(tmpdir(), 'quaywatch-agent-'));
    const require = createRequire(__filename);
    const { agentBundle } = require('../../esbuild.js') as { agentBundle: BuildOptions };
    await build({ ...agentBundle, outdir: folder, minify: true, sourcemap: false });
    return new AgentBundle(folder);
  }

  get file(): string {
    return join(this.folder, 'quaywatch-agent.js');
  }

  /** Runs a command to its end. */
  run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CliResult> {
    const child = this.spawn(args, env);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS);
      child.once('error', reject);
      child.once('close', (code) => {
        clearTimeout(deadline);
        resolve({ code, stdout, stderr });
      });
    });
  }

  /** Starts `serve` and waits until it serves. */
  async serve(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<AgentProcess> {
    const agent = new AgentProcess(this.spawn(['serve', ...args], env));
    await agent.logged('The agent serves.');
    return agent;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private spawn(args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
    const { PATH, HOME } = process.env;
    return spawn(process.execPath, [this.file, ...args], {
      cwd: this.folder,
      env: { PATH, HOME, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}

/** An agent that serves, as a process of its own. */
export class AgentProcess {
  private text = '';
  private exitCode: number | null | undefined;

  constructor(private readonly child: ChildProcess) {
    const take = (chunk: Buffer): void => void (this.text += chunk.toString());
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('close', (code) => (this.exitCode = code));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.exitCode === undefined;
  }

  get output(): string {
    return this.text;
  }

  /** The log's lines as objects. */
  get records(): readonly Record<string, unknown>[] {
    const lines = this.text.split('\n').filter((line) => line.startsWith('{'));
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  get port(): number {
    return Number(this.records.find(({ msg }) => msg === 'The agent serves.')?.['port']);
  }

  /** Waits until the log has a record with this message. */
  async logged(message: string): Promise<void> {
    const isLogged = (): boolean => this.records.some(({ msg }) => msg === message);
    await eventually(
      () => `"${message}" is logged:\n${this.text}`,
      () => isLogged() || this.exitCode !== undefined,
      DEADLINE_MS,
    );
    if (!isLogged()) throw new Error(`The agent ended with code ${this.exitCode ?? 'none'}:\n${this.text}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Sends a signal and resolves with the exit code, `null` if the signal ended it. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.signal(signal);
    await eventually('the agent has ended', () => this.exitCode !== undefined, DEADLINE_MS);
    return this.exitCode ?? null;
  }

  /** For hooks: ends it however it is. */
  async kill(): Promise<void> {
    if (this.exitCode === undefined) await this.end('SIGKILL');
  }
}
