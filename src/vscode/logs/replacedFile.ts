import { randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

/**
 * Writes a file so that it is there whole or not at all: under another name beside it, which becomes its own at the end.
 *
 * @param write says whether the file is wanted; it is not when this rejects, either
 * @returns whether the file was written
 */
export async function writeWholeFile(
  file: string,
  write: (append: (text: string) => Promise<void>) => Promise<boolean>,
): Promise<boolean> {
  const partial = path.join(
    path.dirname(file),
    `.${path.basename(file)}.${randomBytes(4).toString('hex')}.part`,
  );
  const handle = await open(partial, 'wx');
  try {
    const isWanted = await writeAndClose(handle, write);
    if (isWanted) await rename(partial, file);
    else await rm(partial, { force: true });
    return isWanted;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function writeAndClose(
  handle: FileHandle,
  write: (append: (text: string) => Promise<void>) => Promise<boolean>,
): Promise<boolean> {
  try {
    let written: Promise<unknown> = Promise.resolve();
    const isWanted = await write((text) => {
      const next = written.then(() => handle.appendFile(text));
      // Whoever appended hears of it.
      written = next.catch(() => undefined);
      return next;
    });
    await written;
    // A full disk may be noticed no sooner than now.
    if (isWanted) await handle.sync();
    return isWanted;
  } finally {
    await handle.close();
  }
}
