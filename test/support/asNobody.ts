import { chownSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Debian's, and that of most systems. */
const NOBODY = 65_534;

/**
 * Does work for which some file has to be unreadable: root may read everything, and so does it as nobody. The folder with
 * all that is in it is nobody's from then on.
 */
export async function asNobody<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const { geteuid, seteuid } = process;
  if (!seteuid || geteuid?.() !== 0) return work();
  giveTo(NOBODY, folder);
  seteuid.call(process, NOBODY);
  try {
    return await work();
  } finally {
    seteuid.call(process, 0);
  }
}

function giveTo(user: number, folder: string): void {
  chownSync(folder, user, -1);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) giveTo(user, path);
    else chownSync(path, user, -1);
  }
}
