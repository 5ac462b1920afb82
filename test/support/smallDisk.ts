import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, ftruncateSync } from 'node:fs';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { skipWithReason, type Skippable } from './skip';

const BYTES_PER_MEGABYTE = 1024 * 1024;

/** A real file system of a few megabytes, in a file that is mounted through a loop device. */
export class SmallDisk {
  private constructor(
    private readonly folder: string,
    /** Where it is mounted. */
    readonly path: string,
  ) {}

  /** Or the test is skipped, with the reason. */
  static mountOrSkip(context: Skippable, megabytes: number): SmallDisk {
    if (process.platform !== 'linux' || process.getuid?.() !== 0)
      skipWithReason(context, 'only root on Linux can mount a small file system');
    const folder = mkdtempSync(join(tmpdir(), 'quaywatch-disk-'));
    try {
      return SmallDisk.mount(folder, megabytes);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
      skipWithReason(context, `no file system can be mounted here: ${why}`);
    }
  }

  private static mount(folder: string, megabytes: number): SmallDisk {
    const image = join(folder, 'image');
    const file = openSync(image, 'w');
    ftruncateSync(file, megabytes * BYTES_PER_MEGABYTE);
    closeSync(file);
    const path = join(folder, 'd');
    mkdirSync(path);
    // Without blocks that only root may use: root is who fills it.
    run('mkfs.ext4', '-q', '-m', '0', '-O', '^has_journal', image);
    run('mount', '-o', 'loop', image, path);
    return new SmallDisk(folder, path);
  }

  /** Takes all the room there is, until the returned function is called. */
  fill(): () => void {
    const filler = join(this.path, 'filler');
    try {
      run('dd', 'if=/dev/zero', `of=${filler}`, 'bs=4096');
    } catch {
      // It ends when the disk is full.
    }
    return () => rmSync(filler);
  }

  dispose(): void {
    run('umount', '--lazy', this.path);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function run(command: string, ...args: readonly string[]): void {
  const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  execFileSync(command, [...args], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, PATH } });
}
