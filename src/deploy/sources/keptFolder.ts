import type { Stats } from 'node:fs';
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rmdir,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';

const FOLDER_MODE = 0o755;
const LIST_MODE = 0o600;
const MODE_BITS = 0o777;

type Kind = 'file' | 'folder' | 'link' | 'other';

/** What was put into the folder, by its path there. */
interface Delivered {
  readonly kind: Kind;
  readonly bytes: number;
  readonly changedAtMs: number;
}

interface DeliveryList {
  readonly delivered: Readonly<Record<string, Delivered>>;
  /** Being written: whatever a process that was ended left there is none of the containers' work. */
  readonly writing: readonly string[];
}

interface Piece {
  readonly path: string;
  readonly stats: Stats;
}

/**
 * A folder that running containers have mounted, and into which each deployment puts its files: one by one, in place, so
 * that a mounted file is the same file with other content. What a deployment put there and the next one has no more goes.
 * All else is the containers' own, and stays: what they wrote, also over what was put there.
 */
export class KeptFolder {
  private readonly listPath: string;

  constructor(readonly path: string) {
    this.listPath = `${path}.json`;
  }

  /**
   * @param from a folder with nothing else in it
   * @returns what is not as it is there, because something here changed it
   */
  async take(from: string): Promise<readonly string[]> {
    await mkdir(this.path, { recursive: true });
    // Containers of any user may have it mounted; the folder around it is closed.
    await chmod(this.path, FOLDER_MODE);
    const before = await this.readList();
    const kept: string[] = [];
    const pieces = await this.piecesOf(from, '', before, kept);
    const others = new Set<string>();
    for (const { path, stats } of pieces) if (!(await this.isSame(from, path, stats))) others.add(path);
    await this.writeList({ ...before, writing: [...new Set([...before.writing, ...others])] });
    await this.removeGone(before, new Set([...pieces.map(({ path }) => path), ...kept]));
    const delivered: Record<string, Delivered> = {};
    for (const piece of pieces) {
      const { path } = piece;
      if (others.has(path) && !(await this.put(from, piece))) kept.push(path);
      else delivered[path] = deliveredOf(await lstat(join(this.path, path)));
    }
    await this.writeList({ delivered: { ...pick(before.delivered, kept), ...delivered }, writing: [] });
    return kept;
  }

  /** All that is to be here, folders before what is in them; without what stays as it is. */
  private async piecesOf(
    from: string,
    below: string,
    list: DeliveryList,
    kept: string[],
  ): Promise<readonly Piece[]> {
    const pieces: Piece[] = [];
    for (const name of (await readdir(join(from, below))).sort()) {
      const path = below === '' ? name : `${below}/${name}`;
      const stats = await lstat(join(from, path));
      if (!(await this.isSame(from, path, stats)) && (await this.isChangedHere(path, list))) {
        kept.push(path);
        continue;
      }
      pieces.push({ path, stats });
      if (stats.isDirectory()) pieces.push(...(await this.piecesOf(from, path, list, kept)));
    }
    return pieces;
  }

  private async isChangedHere(path: string, list: DeliveryList): Promise<boolean> {
    const here = await this.look(path);
    if (!here || list.writing.includes(path)) return false;
    const known = list.delivered[path];
    return !known || !isAsDelivered(here, known);
  }

  private async isSame(from: string, path: string, stats: Stats): Promise<boolean> {
    const here = await this.look(path);
    if (!here || kindOf(here) !== kindOf(stats)) return false;
    if (stats.isDirectory()) return true;
    if (stats.isSymbolicLink())
      return (await readlink(join(this.path, path))) === (await readlink(join(from, path)));
    const isSameMode = (here.mode & MODE_BITS) === (stats.mode & MODE_BITS);
    return isSameMode && here.size === stats.size && seconds(here) === seconds(stats);
  }

  /** @returns whether it could be: a folder makes no room for something else while anything is in it */
  private async put(from: string, { path, stats }: Piece): Promise<boolean> {
    const target = join(this.path, path);
    const here = await this.look(path);
    if (here?.isDirectory() === true) {
      const isEmpty = await rmdir(target).then(
        () => true,
        () => false,
      );
      if (!isEmpty) return false;
    } else if (here && !(here.isFile() && stats.isFile())) {
      // Never through a link.
      await unlink(target);
    }
    if (stats.isSymbolicLink()) {
      await symlink(await readlink(join(from, path)), target);
      return true;
    }
    if (stats.isDirectory()) await mkdir(target);
    else await copyFile(join(from, path), target);
    await chmod(target, stats.mode & MODE_BITS);
    if (stats.isFile()) await utimes(target, stats.atime, stats.mtime);
    return true;
  }

  private async removeGone({ delivered }: DeliveryList, stay: ReadonlySet<string>): Promise<void> {
    const gone = Object.keys(delivered).filter((path) => !stay.has(path));
    // What is in a folder comes before it.
    for (const path of gone.sort().reverse()) {
      const here = await this.look(path);
      const known = delivered[path];
      if (!here || !known || !isAsDelivered(here, known) || (await this.hasLinkAbove(path))) continue;
      const target = join(this.path, path);
      // One that something else is in stays.
      if (here.isDirectory()) await rmdir(target).catch(() => undefined);
      else await unlink(target);
    }
  }

  private async hasLinkAbove(path: string): Promise<boolean> {
    const names = path.split('/');
    for (let count = 1; count < names.length; count++)
      if ((await this.look(names.slice(0, count).join('/')))?.isSymbolicLink() === true) return true;
    return false;
  }

  private async look(path: string): Promise<Stats | undefined> {
    return lstat(join(this.path, path)).catch(() => undefined);
  }

  private async readList(): Promise<DeliveryList> {
    const none = { delivered: {}, writing: [] };
    try {
      const list = JSON.parse(await readFile(this.listPath, 'utf8')) as Partial<DeliveryList>;
      return { delivered: list.delivered ?? none.delivered, writing: list.writing ?? none.writing };
    } catch {
      // Without it everything that is not as it is to be counts as the containers' own.
      return none;
    }
  }

  private async writeList(list: DeliveryList): Promise<void> {
    const made = `${this.listPath}.new`;
    await writeFile(made, JSON.stringify(list), { mode: LIST_MODE });
    await rename(made, this.listPath);
  }
}

function pick<T>(all: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}

function kindOf(stats: Stats): Kind {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'other';
}

function deliveredOf(stats: Stats): Delivered {
  return { kind: kindOf(stats), bytes: stats.size, changedAtMs: stats.mtimeMs };
}

/** A folder is as it was delivered as long as it is one. */
function isAsDelivered(here: Stats, known: Delivered): boolean {
  const kind = kindOf(here);
  if (kind !== known.kind) return false;
  return kind === 'folder' || (here.size === known.bytes && here.mtimeMs === known.changedAtMs);
}

/** As an archive keeps it. */
function seconds({ mtimeMs }: Stats): number {
  return Math.floor(mtimeMs / 1000);
}
