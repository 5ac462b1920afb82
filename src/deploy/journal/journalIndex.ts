import { open, readFile, rename, stat } from 'node:fs/promises';
import type { Deployment, DeploymentId } from '../../model/deployment';
import { asDeployment } from './journalRecord';

const FILE_MODE = 0o600;
/** An index with so many lines that say nothing any more is written anew. */
const MOST_STALE_LINES = 2_000;

/**
 * One line for each deployment that is over, so that thousands of them can be listed without a look at their journals.
 * The journals are the truth: what the index lacks is read there, and what it has too much of counts for nothing.
 */
export class JournalIndex {
  private readonly byId = new Map<DeploymentId, Deployment>();
  private lines = 0;
  private seen = '';

  constructor(private readonly path: string) {}

  get deployments(): ReadonlyMap<DeploymentId, Deployment> {
    return this.byId;
  }

  /** Reads it, unless it is as it was read last. Whether it was read. */
  async load(): Promise<boolean> {
    const mark = await this.mark();
    if (mark === this.seen) return false;
    const text = await readFile(this.path, 'utf8').catch(emptyIfMissing);
    this.byId.clear();
    this.lines = 0;
    for (const line of text.split('\n')) {
      const deployment = line === '' ? undefined : readLine(line);
      this.lines += 1;
      if (deployment) this.byId.set(deployment.id, deployment);
    }
    this.seen = mark;
    return true;
  }

  /** Only by who holds the lock. */
  async put(deployments: readonly Deployment[]): Promise<void> {
    const text = deployments.map((deployment) => `${JSON.stringify(shortened(deployment))}\n`).join('');
    const isTorn = await this.endsTorn();
    const handle = await open(this.path, 'a', FILE_MODE);
    try {
      await handle.appendFile(isTorn ? `\n${text}` : text);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    this.lines += deployments.length;
    for (const deployment of deployments) this.byId.set(deployment.id, shortened(deployment));
    this.seen = await this.mark();
  }

  /** Forgets deployments. Only by who holds the lock. */
  async drop(ids: readonly DeploymentId[]): Promise<void> {
    for (const id of ids) this.byId.delete(id);
    await this.write();
  }

  /** Writes it anew if much of it says nothing any more. Only by who holds the lock. */
  async tidy(): Promise<void> {
    if (this.lines - this.byId.size > MOST_STALE_LINES) await this.write();
  }

  private async write(): Promise<void> {
    const temporary = `${this.path}.new`;
    const handle = await open(temporary, 'w', FILE_MODE);
    try {
      await handle.writeFile([...this.byId.values()].map((entry) => `${JSON.stringify(entry)}\n`).join(''));
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(temporary, this.path);
    this.lines = this.byId.size;
    this.seen = await this.mark();
  }

  private async endsTorn(): Promise<boolean> {
    const handle = await open(this.path, 'r').catch(() => undefined);
    if (!handle) return false;
    try {
      const { size } = await handle.stat();
      if (size === 0) return false;
      const last = Buffer.alloc(1);
      await handle.read(last, 0, 1, size - 1);
      return last.toString() !== '\n';
    } finally {
      await handle.close();
    }
  }

  private async mark(): Promise<string> {
    const stats = await stat(this.path).catch(() => undefined);
    return stats === undefined ? 'none' : `${stats.ino}/${stats.size}/${stats.mtimeMs}`;
  }
}

function readLine(line: string): Deployment | undefined {
  try {
    return asDeployment(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** Lines and outputs of a failure stay in the journal: ten thousand of them would be a large index. */
function shortened(deployment: Deployment): Deployment {
  const { failure } = deployment;
  if (!failure) return deployment;
  const { stage, message, exitCode, outOfMemory } = failure;
  const short = {
    stage,
    message,
    lastLines: [],
    ...(exitCode !== undefined && { exitCode }),
    ...(outOfMemory !== undefined && { outOfMemory }),
  };
  return { ...deployment, failure: short };
}

function emptyIfMissing(error: unknown): string {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
  throw error;
}
