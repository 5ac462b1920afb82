import { randomBytes } from 'node:crypto';
import { link, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const FILE_MODE = 0o600;
const NAME = /^lock\.(\d+)$/;
const RELEASED = 'released';
const MOST_ATTEMPTS = 20;

/** Who holds a journal. */
interface Holder {
  readonly pid: number;
  /** Tells a process from an earlier one with the same number, where the system tells that. */
  readonly startedAt: string;
  readonly token: string;
}

export interface HeldLock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a folder; resolves with the process that has it where it is taken. A process that is gone holds
 * nothing.
 *
 * The highest of the numbered files says who holds it. Whoever wants it makes the next one, which only one can, and looks
 * again whether that is the highest; so no two ever remove each other's.
 */
export async function takeLock(folder: string): Promise<HeldLock | { readonly heldBy: number }> {
  const holder: Holder = {
    pid: process.pid,
    startedAt: await startOf(process.pid),
    token: randomBytes(8).toString('hex'),
  };
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const highest = await highestOf(folder);
    if (highest > 0) {
      const heldBy = await livingHolder(join(folder, `lock.${highest}`));
      if (heldBy !== undefined) return { heldBy };
    }
    const path = join(folder, `lock.${highest + 1}`);
    if (!(await makeNew(path, JSON.stringify(holder)))) continue;
    if ((await highestOf(folder)) !== highest + 1) {
      await rm(path, { force: true });
      continue;
    }
    await removeBelow(folder, highest + 1);
    return { release: () => writeFile(path, RELEASED, { mode: FILE_MODE }) };
  }
  return { heldBy: 0 };
}

/** The process that holds the lock and lives; `undefined` if nobody does. */
export async function lockHolder(folder: string): Promise<number | undefined> {
  const highest = await highestOf(folder);
  return highest === 0 ? undefined : livingHolder(join(folder, `lock.${highest}`));
}

async function livingHolder(path: string): Promise<number | undefined> {
  const holder = readHolder(await readFile(path, 'utf8').catch(() => ''));
  if (!holder || !isAlive(holder.pid)) return undefined;
  return (await startOf(holder.pid)) === holder.startedAt ? holder.pid : undefined;
}

/** What is released, or was torn by a power cut, is nobody's. */
function readHolder(text: string): Holder | undefined {
  try {
    const value = JSON.parse(text) as Partial<Holder>;
    return typeof value.pid === 'number' && typeof value.startedAt === 'string'
      ? (value as Holder)
      : undefined;
  } catch {
    return undefined;
  }
}

/** In one step with its content, so that nobody reads half of it. */
async function makeNew(path: string, content: string): Promise<boolean> {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(temporary, content, { flag: 'wx', mode: FILE_MODE });
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function highestOf(folder: string): Promise<number> {
  const names = await readdir(folder);
  return Math.max(0, ...names.map((name) => Number(NAME.exec(name)?.[1] ?? 0)));
}

async function removeBelow(folder: string, number: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const own = Number(NAME.exec(name)?.[1] ?? number);
    if (own < number) await rm(join(folder, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** In ticks since the machine started, with the machine's start; empty where the system does not tell. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    // The name in brackets may hold anything; the start is the 20th field behind it.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    return `${ticks}@${bootId.trim()}`;
  } catch {
    return '';
  }
}
