import { randomUUID } from 'node:crypto';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import * as v from 'valibot';
import { createFile, FOLDER_MODE } from './atomicFile';
import { readJson } from './jsonFile';
import { asStateError, StateError, systemErrorCode } from './stateError';

const OTHERS_BITS = 0o077;

const IDENTITY_HELP =
  'Restore it from a backup; or move the whole folder aside and run "quaywatch-agent init", after which every client must be paired anew';

const identitySchema = v.object({
  version: v.literal(1),
  agentId: v.pipe(v.string(), v.minLength(1)),
  createdAt: v.string(),
  /** What pairing links name, as `host` or `host:port`. */
  address: v.string(),
});

/** What the agent is, whatever process runs it. */
export type AgentIdentity = v.InferOutput<typeof identitySchema>;

/** What the default state folder depends on. */
export interface StatePlace {
  readonly isRoot: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

export function thisPlace(): StatePlace {
  return { isRoot: process.getuid?.() === 0, env: process.env, home: homedir() };
}

/** `/var/lib/quaywatch-agent` for root; for others the folder that the XDG base directory specification names. */
export function defaultStateFolder({ isRoot, env, home }: StatePlace): string {
  if (isRoot) return '/var/lib/quaywatch-agent';
  const named = env['XDG_STATE_HOME'];
  // The specification says that a relative path is to be ignored.
  const base = named !== undefined && isAbsolute(named) ? named : join(home, '.local', 'state');
  return join(base, 'quaywatch-agent');
}

/** The files of one agent. Making one reads nothing. */
export class StateFolder {
  readonly identityFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly tokensFolder: string;
  readonly lastUsedFile: string;
  readonly journalFile: string;
  readonly auditFile: string;
  /** Of what is done on this machine; a file of its own, because each file has one process that writes it. */
  readonly localAuditFile: string;
  readonly runningFile: string;
  readonly uploadsFolder: string;
  readonly deploymentsFolder: string;

  constructor(readonly path: string) {
    this.identityFile = join(path, 'agent.json');
    this.certificateFile = join(path, 'certificate.pem');
    this.keyFile = join(path, 'key.pem');
    this.tokensFolder = join(path, 'tokens');
    this.lastUsedFile = join(path, 'tokens-last-used.json');
    this.journalFile = join(path, 'commands.jsonl');
    this.auditFile = join(path, 'audit.jsonl');
    this.localAuditFile = join(path, 'audit-local.jsonl');
    this.runningFile = join(path, 'running.json');
    this.uploadsFolder = join(path, 'uploads');
    this.deploymentsFolder = join(path, 'deployments');
  }

  /** Makes the folder where it is missing; rejects with {@link StateError} where it can't be used. */
  async create(): Promise<void> {
    for (const path of [this.path, this.tokensFolder]) {
      try {
        const made = await mkdir(path, { recursive: true, mode: FOLDER_MODE });
        // The umask may have taken away more than it should.
        if (made !== undefined) await chmod(path, FOLDER_MODE);
      } catch (error) {
        throw asStateError(path, error);
      }
      await this.checkFolder(path);
    }
  }

  /** The identity that `init` wrote; `undefined` before that. Rejects with {@link StateError}. */
  async readIdentity(): Promise<AgentIdentity | undefined> {
    try {
      await this.checkFolder(this.path);
    } catch (error) {
      if (systemErrorCode(error instanceof StateError ? error.cause : error) === 'ENOENT') return undefined;
      throw error;
    }
    return readJson(this.identityFile, identitySchema, IDENTITY_HELP);
  }

  async requireIdentity(): Promise<AgentIdentity> {
    const identity = await this.readIdentity();
    if (identity !== undefined) return identity;
    const help = 'Run "quaywatch-agent init" first, or name the right folder with --state';
    throw new StateError(this.path, 'it is not the state folder of an agent', help);
  }

  /** Never replaces an identity; rejects with {@link StateError} where there is one. */
  async writeIdentity(address: string, now: Date): Promise<AgentIdentity> {
    const identity = { version: 1 as const, agentId: randomUUID(), createdAt: now.toISOString(), address };
    try {
      await createFile(this.identityFile, `${JSON.stringify(identity, undefined, 2)}\n`);
    } catch (error) {
      throw asStateError(this.identityFile, error);
    }
    return identity;
  }

  private async checkFolder(path: string): Promise<void> {
    let mode: number;
    try {
      const stats = await stat(path);
      if (!stats.isDirectory())
        throw new StateError(path, 'it is no folder', 'Name another one with --state');
      mode = stats.mode;
    } catch (error) {
      throw asStateError(path, error);
    }
    if (process.platform === 'win32' || (mode & OTHERS_BITS) === 0) return;
    throw new StateError(path, 'other users can get at it', `Run: chmod 700 "${path}"`);
  }
}
