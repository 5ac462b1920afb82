import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentVariable, type Machine } from './machine';

/** Changes when what is said over the socket does, so that two versions of the program never meet there. */
const VERSION = 1;

/**
 * The socket over which the processes of one user share the statistics of the engine at an address: in a folder that only
 * this user can enter, made here if need be. Undefined where there is no such folder, and on Windows, where a pipe can't be
 * kept from other users.
 */
export async function statsPlace(address: string, machine: Machine): Promise<string | undefined> {
  const { userId } = machine;
  if (userId === undefined || machine.platform === 'win32') return undefined;
  const folder = join(environmentVariable(machine, 'XDG_RUNTIME_DIR') ?? tmpdir(), `quaywatch-${userId}`);
  try {
    await mkdir(folder, { mode: 0o700, recursive: true });
    // Of a link itself, not of what it points to: anybody may have made it.
    const status = await lstat(folder);
    if (!status.isDirectory() || status.uid !== userId || (status.mode & 0o077) !== 0) return undefined;
  } catch {
    return undefined;
  }
  const name = createHash('sha256').update(address).digest('hex').slice(0, 16);
  return join(folder, `stats-${VERSION}-${name}.sock`);
}
