import { randomBytes } from 'node:crypto';
import { link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Only the owner may read or write: every file of the state may hold or lead to a secret. */
export const FILE_MODE = 0o600;
export const FOLDER_MODE = 0o700;

/**
 * Replaces a file so that, whatever happens meanwhile, it holds either what it held or all of `text`, on the disk and
 * not only in a cache. Rejects with the system's error.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  await throughTemporaryFile(path, text, (temporary) => rename(temporary, path));
}

/** As {@link replaceFile}, but rejects with `EEXIST` where there is such a file already. */
export async function createFile(path: string, text: string): Promise<void> {
  await throughTemporaryFile(path, text, async (temporary) => {
    await link(temporary, path);
    await rm(temporary);
  });
}

async function throughTemporaryFile(
  path: string,
  text: string,
  moveIntoPlace: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeSynced(temporary, text);
    await moveIntoPlace(temporary);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', FILE_MODE);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a new, renamed or removed name in the folder last through a power cut. Windows has no such thing. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
