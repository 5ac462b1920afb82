import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type Docker from 'dockerode';

/** Where the dynamic loader and the libraries of a program are, as `ldd` tells: with or without an arrow. */
const LIBRARY = /(?:=>\s+)?(\/\S+)\s+\(0x/g;

/**
 * Makes an image in which `node` runs, of this process's own Node and the libraries it loads: there may be no registry.
 *
 * @throws where that can't be done on this machine
 */
export async function makeNodeImage(docker: Docker, name: string): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'quaywatch-node-image-'));
  try {
    const { stdout } = await promisify(execFile)('ldd', [process.execPath]);
    const libraries = [...stdout.matchAll(LIBRARY)].map(([, path = '']) => path);
    for (const path of libraries) copy(path, join(root, path));
    copy(process.execPath, join(root, 'usr/local/bin/node'));
    for (const folder of ['tmp', 'var/lib', 'var/run', 'etc'])
      mkdirSync(join(root, folder), { recursive: true });
    const tar = spawn('tar', ['-C', root, '--owner=0', '--group=0', '--numeric-owner', '-c', '.']);
    const [repo, tag] = name.split(':');
    const changes = 'ENV PATH=/usr/local/bin';
    const answer = await docker.importImage(tar.stdout, { repo, tag, changes });
    await finished(docker, answer);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Waits for the end of what the engine tells about a build or an import; rejects with an error it tells. */
export async function finished(docker: Docker, answer: NodeJS.ReadableStream): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(answer, (error: Error | null, events: { readonly error?: string }[]) => {
      const failure = error?.message ?? events.find((event) => event.error !== undefined)?.error;
      if (failure === undefined) resolve();
      else reject(new Error(failure));
    });
  });
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { dereference: true });
}
