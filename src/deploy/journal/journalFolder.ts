import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock';
import type { Deployment, DeploymentId } from '../../model/deployment';
import { AppendOnlyFile } from './appendOnlyFile';
import { JournalIndex } from './journalIndex';
import { JournalWriter } from './journalWriter';
import { readLastState, summarize, type JournalSummary } from './journalReader';

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const EXTENSION = '.jsonl';
/** Given back on a full disk: room for the states of the deployments that are under way. */
const RESERVE_BYTES = 256 * 1024;
/** Of what a build writes, so that one deployment can't fill the disk. */
const MOST_LOG_BYTES = 64 * 1024 * 1024;
const ID = /^[a-z0-9][a-z0-9-]{0,63}$/;

/** How much of the past is kept. */
export interface Retention {
  readonly mostDeployments: number;
  readonly mostBytes: number;
}

/** The folder that holds the journals of a host: `journals/ID.jsonl`, an index, a lock, what is being worked on, and Compose projects. */
export class JournalFolder {
  readonly index: JournalIndex;
  /** Where the journals are. */
  readonly journalsPath: string;
  private readonly reserve: string;

  constructor(
    readonly path: string,
    private readonly clock: Clock,
  ) {
    this.journalsPath = join(path, 'journals');
    this.reserve = join(path, 'reserve');
    this.index = new JournalIndex(join(path, 'index.jsonl'));
  }

  /** Only its owner may look into it. */
  async create(): Promise<void> {
    for (const path of [this.path, this.journalsPath]) {
      const made = await makeFolder(path);
      // The umask may have taken away more than it should, and a folder that was there may be open.
      if (made !== undefined || process.platform !== 'win32') await chmod(path, FOLDER_MODE);
    }
  }

  /** Names this journal in the labels of containers. */
  async identity(): Promise<string> {
    const path = join(this.path, 'identity');
    const known = await readFile(path, 'utf8').catch(() => '');
    if (/^[0-9a-f-]{36}$/.test(known)) return known;
    const made = randomUUID();
    await writeFile(path, made, { mode: FILE_MODE });
    return made;
  }

  journalPath(id: DeploymentId): string {
    return join(this.journalsPath, `${id}${EXTENSION}`);
  }

  /** Where a deployment may put what it needs for a while. */
  workPath(id: DeploymentId): string {
    return join(this.path, 'work', id);
  }

  async makeWorkFolder(id: DeploymentId): Promise<string> {
    const path = this.workPath(id);
    await mkdir(path, { recursive: true, mode: FOLDER_MODE });
    return path;
  }

  /** What was handed over of a Compose project: its containers may have it mounted, so that it stays. */
  async makeProjectPath(project: string): Promise<string> {
    const path = join(this.path, 'projects');
    await mkdir(path, { recursive: true, mode: FOLDER_MODE });
    return join(path, project);
  }

  /** Of a deployment that could not begin. */
  async removeJournal(id: DeploymentId): Promise<void> {
    await rm(this.journalPath(id), { force: true });
  }

  async removeWork(id: DeploymentId): Promise<void> {
    await rm(this.workPath(id), { recursive: true, force: true });
  }

  isId(id: string): boolean {
    return ID.test(id);
  }

  /** Whose journal has this name; `undefined` for other files. */
  idOf(name: string): DeploymentId | undefined {
    if (!name.endsWith(EXTENSION)) return undefined;
    const id = name.slice(0, -EXTENSION.length);
    return this.isId(id) ? id : undefined;
  }

  async hasJournal(id: DeploymentId): Promise<boolean> {
    return this.isId(id) && (await stat(this.journalPath(id)).catch(() => undefined)) !== undefined;
  }

  async ids(): Promise<readonly DeploymentId[]> {
    const names = await readdir(this.journalsPath).catch(() => []);
    return names.map((name) => this.idOf(name)).filter((id) => id !== undefined);
  }

  async summarize(id: DeploymentId): Promise<JournalSummary> {
    return summarize(this.journalPath(id));
  }

  /** With all that was left out of the index. */
  async readWhole(deployment: Deployment): Promise<Deployment> {
    if (!deployment.failure) return deployment;
    const last = await readLastState(this.journalPath(deployment.id)).catch(() => undefined);
    return last?.failure ? { ...deployment, failure: last.failure } : deployment;
  }

  /** Opens a journal to go on with it; a line that was torn is cut off. */
  async openWriter(
    id: DeploymentId,
    place: { readonly sequence: number; readonly completeBytes: number },
    redact: (text: string) => string,
    onWritten: () => void,
  ): Promise<JournalWriter> {
    const file = await AppendOnlyFile.open(this.journalPath(id), place.completeBytes);
    await syncFolder(this.journalsPath);
    return new JournalWriter({
      file,
      clock: this.clock,
      redact,
      sequence: place.sequence,
      mostLogBytes: MOST_LOG_BYTES,
      makeRoom: () => this.giveReserve(),
      onWritten,
    });
  }

  /** Puts space aside for a disk that gets full. Where it is full already there is none. */
  async takeReserve(): Promise<void> {
    const size = await stat(this.reserve).then(
      (stats) => stats.size,
      () => 0,
    );
    if (size === RESERVE_BYTES) return;
    await writeFile(this.reserve, Buffer.alloc(RESERVE_BYTES, 1), { mode: FILE_MODE }).catch(() =>
      rm(this.reserve, { force: true }),
    );
  }

  /** The ids that retention removes, oldest first, of those that may be removed. Removes their journals. */
  async removeOld(
    removable: readonly DeploymentId[],
    { mostDeployments, mostBytes }: Retention,
  ): Promise<readonly DeploymentId[]> {
    const ids = [...(await this.ids())].sort();
    const sizes = new Map<DeploymentId, number>();
    for (const id of ids) sizes.set(id, (await stat(this.journalPath(id)).catch(() => undefined))?.size ?? 0);
    let count = ids.length;
    let bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    const mayGo = new Set(removable);
    const removed: DeploymentId[] = [];
    for (const id of ids) {
      if (count <= mostDeployments && bytes <= mostBytes) break;
      if (!mayGo.has(id)) continue;
      await rm(this.journalPath(id), { force: true });
      removed.push(id);
      count -= 1;
      bytes -= sizes.get(id) ?? 0;
    }
    if (removed.length > 0) await this.index.drop(removed);
    return removed;
  }

  private async giveReserve(): Promise<boolean> {
    try {
      await rm(this.reserve);
      return true;
    } catch {
      return false;
    }
  }
}

/** The first folder that was made, if any was. */
async function makeFolder(path: string): Promise<string | undefined> {
  try {
    return await mkdir(path, { recursive: true, mode: FOLDER_MODE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    // So Node says it of a full disk, too; without the folders in between the system's own reason is told.
    await mkdir(path, { mode: FOLDER_MODE });
    return path;
  }
}

/** Makes a new name in the folder last through a power cut. Windows has no such thing. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
