import { open, readFile, rename, stat } from 'node:fs/promises';
import type { Deployment, DeploymentId } from '../../model/deployment';
import { asDeployment } from './journalRecord';

const FILE_MODE = 0o600;
/** An index with so many lines that say nothing any more is written anew. */
const MOST_STALE_LINES = 2_000;

/** How a line begins and ends that was written whole: that it holds a deployment is known without parsing it. */
const BEGINS = /^\{"id":"([a-z0-9-]+)"/;
const ENDS = ',"whole":true}';
const ROLL_BACK_MARK = '"canRollBackTo":true';

interface Line {
  readonly text: string;
  /** Once somebody asked for it. */
  deployment?: Deployment | undefined;
}

/**
 * One line for each deployment that is over, so that thousands of them can be listed without a look at their journals.
 * The journals are the truth: what the index lacks is read there, and what it has too much of counts for nothing. A line
 * is parsed when its deployment is asked for: most never are.
 */
export class JournalIndex {
  private byId = new Map<DeploymentId, Line>();
  private readonly changed = new Set<DeploymentId>();
  private lines = 0;
  private seen = '';

  constructor(private readonly path: string) {}

  get ids(): Iterable<DeploymentId> {
    return this.byId.keys();
  }

  has(id: DeploymentId): boolean {
    return this.byId.has(id);
  }

  /** The same object until its line changes. */
  get(id: DeploymentId): Deployment | undefined {
    const line = this.byId.get(id);
    if (!line) return undefined;
    line.deployment ??= readLine(line.text);
    return line.deployment;
  }

  /** Whether an image was kept to roll back to it. */
  hasImage(id: DeploymentId): boolean {
    return this.byId.get(id)?.text.includes(ROLL_BACK_MARK) ?? false;
  }

  /** Those whose lines were new or different since this was asked last. */
  takeChanged(): readonly DeploymentId[] {
    const changed = [...this.changed];
    this.changed.clear();
    return changed;
  }

  /** Reads it, unless it is as it was read last. Whether it was read. */
  async load(): Promise<boolean> {
    const mark = await this.mark();
    if (mark === this.seen) return false;
    const text = await readFile(this.path, 'utf8').catch(emptyIfMissing);
    const before = this.byId;
    const all = text.split('\n');
    this.byId = new Map();
    this.lines = all.length;
    for (const line of all) {
      const id = idOf(line);
      if (id !== undefined) this.byId.set(id, { text: line });
    }
    for (const [id, line] of this.byId) {
      const known = before.get(id);
      if (known?.text === line.text) this.byId.set(id, known);
      else this.changed.add(id);
    }
    this.seen = mark;
    return true;
  }

  /** Only by who holds the lock. */
  async put(deployments: readonly Deployment[]): Promise<void> {
    const entries = deployments
      .map(shortened)
      .map((deployment) => ({ deployment, text: lineOf(deployment) }));
    const text = entries.map((entry) => `${entry.text}\n`).join('');
    const isTorn = await this.endsTorn();
    const handle = await open(this.path, 'a', FILE_MODE);
    try {
      await handle.appendFile(isTorn ? `\n${text}` : text);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    this.lines += deployments.length;
    for (const entry of entries) this.byId.set(entry.deployment.id, entry);
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
      await handle.writeFile([...this.byId.values()].map(({ text }) => `${text}\n`).join(''));
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

function idOf(line: string): DeploymentId | undefined {
  const id = line.endsWith(ENDS) ? BEGINS.exec(line)?.[1] : undefined;
  return id ?? (line === '' ? undefined : readLine(line)?.id);
}

function lineOf({ id, ...rest }: Deployment): string {
  return JSON.stringify({ id, ...rest, whole: true });
}

function readLine(line: string): Deployment | undefined {
  try {
    const fields = JSON.parse(line) as Record<string, unknown>;
    delete fields['whole'];
    return asDeployment(fields);
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
