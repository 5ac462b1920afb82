import ignore, { type Ignore } from '@balena/dockerignore';
import { lstatSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pack, type Headers } from 'tar-fs';
import type { ContextArchive } from '../../engine/deployments';
import { StepFailedError } from '../failure';

/**
 * A folder as a build takes it: without what `.dockerignore` names, owned by root, links kept as links. It is read as it
 * is taken.
 */
export function folderContext(folder: string, dockerfile = 'Dockerfile'): ContextArchive {
  return () => readContext(folder, dockerfile);
}

async function* readContext(folder: string, dockerfile: string): AsyncIterable<Uint8Array> {
  await requireFolder(folder);
  const isIgnored = await readIgnore(folder, dockerfile);
  const options = {
    ignore: (path: string) => isIgnored(relative(folder, path)),
    map: (header: Headers) => ({ ...header, uid: 0, gid: 0 }),
    // Modes as they are, whatever this process would take from new files.
    umask: 0,
    // A pipe in the folder is left out, as by the docker CLI.
    strict: false,
  };
  const archive = pack(folder, options);
  try {
    for await (const chunk of archive as AsyncIterable<Uint8Array>) yield chunk;
  } finally {
    archive.destroy();
  }
}

async function requireFolder(folder: string): Promise<void> {
  const stats = await stat(folder).catch(() => undefined);
  if (!stats?.isDirectory()) throw new StepFailedError(`The folder ${folder} is not there.`);
}

/** The Dockerfile and the list of what to leave out are always sent, as by the docker CLI. */
async function readIgnore(folder: string, dockerfile: string): Promise<(path: string) => boolean> {
  const text = await readFirst([join(folder, `${dockerfile}.dockerignore`), join(folder, '.dockerignore')]);
  if (text === undefined) return () => false;
  const patterns = text.split(/\r?\n/);
  const rules = ignore().add(patterns);
  const always = new Set([dockerfile.replace(/^\.\//, ''), '.dockerignore']);
  // Something may be taken back in below a folder that is left out.
  const hasExceptions = patterns.some((line) => line.trimStart().startsWith('!'));
  const holdsAlways = (path: string): boolean => [...always].some((name) => name.startsWith(`${path}/`));
  return (native) => {
    const path = native.split(sep).join('/');
    if (path === '' || always.has(path) || holdsAlways(path) || !ignores(rules, path)) return false;
    return !(hasExceptions && isFolder(join(folder, native)));
  };
}

function ignores(rules: Ignore, path: string): boolean {
  return rules.ignores(path);
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

async function readFirst(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  return undefined;
}
