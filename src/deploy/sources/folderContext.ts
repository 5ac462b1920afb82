import ignore, { type Ignore } from '@balena/dockerignore';
import { accessSync, constants, lstatSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pack, type Headers } from 'tar-fs';
import type { ContextArchive } from '../../engine/deployments';
import type { DeploymentSpec } from '../../model/deployment';
import { StepFailedError } from '../failure';

/**
 * A folder as a build takes it: without what `.dockerignore` names, owned by root, links kept as links. It is read as it
 * is taken.
 */
export function folderContext(folder: string, dockerfile = 'Dockerfile'): ContextArchive {
  return () => readContext(folder, () => readIgnore(folder, dockerfile));
}

/** What another machine needs of this one to deploy it; `undefined` where that is nothing. */
export function contextOf({ source, build }: DeploymentSpec): ContextArchive | undefined {
  if (source.kind === 'folder') return folderContext(source.folder, build?.dockerfile);
  return source.kind === 'compose' ? projectContext(source.folder) : undefined;
}

/**
 * The folder of a Compose project, whole: containers may have anything in it mounted, and what its builds leave out
 * Compose knows itself. Only what `.dockerignore` names and may not be read is left out.
 */
export function projectContext(folder: string): ContextArchive {
  return () =>
    readContext(folder, async () => {
      const isIgnored = await readIgnore(folder, '');
      return (path) => isIgnored(path) && !isReadable(join(folder, path));
    });
}

type Ignoring = (path: string) => boolean;

async function* readContext(folder: string, ignoring: () => Promise<Ignoring>): AsyncIterable<Uint8Array> {
  await requireFolder(folder);
  const isIgnored = await ignoring();
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
  } catch (error) {
    throw explain(error);
  } finally {
    archive.destroy();
  }
}

/** @throws StepFailedError if it is not there */
export async function requireFolder(folder: string): Promise<void> {
  const stats = await stat(folder).catch(() => undefined);
  if (!stats?.isDirectory()) throw new StepFailedError(`The folder ${folder} is not there.`);
}

function explain(error: unknown): unknown {
  const { code, path } = error as NodeJS.ErrnoException;
  if (path === undefined || (code !== 'EACCES' && code !== 'EPERM')) return error;
  return new StepFailedError(
    `${path} can't be read (${code}). Make it readable, or name it in .dockerignore to leave it out.`,
  );
}

function isReadable(path: string): boolean {
  try {
    const stats = lstatSync(path);
    // Of a link, where it leads to is not read.
    if (!stats.isSymbolicLink())
      accessSync(path, stats.isDirectory() ? constants.R_OK | constants.X_OK : constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** The Dockerfile and the list of what to leave out are always sent, as by the docker CLI. */
async function readIgnore(folder: string, dockerfile: string): Promise<Ignoring> {
  const text = await readFirst([join(folder, `${dockerfile}.dockerignore`), join(folder, '.dockerignore')]);
  if (text === undefined) return () => false;
  const patterns = text.split(/\r?\n/);
  const rules = ignore().add(patterns);
  const always = new Set([dockerfile.replace(/^\.\//, ''), '.dockerignore']);
  const exceptions = patterns.flatMap((line) => {
    const pattern = /^\s*!\s*(.*\S)/.exec(line)?.[1];
    return pattern === undefined ? [] : [partsOf(pattern)];
  });
  const holdsAlways = (path: string): boolean => [...always].some((name) => name.startsWith(`${path}/`));
  return (native) => {
    const path = native.split(sep).join('/');
    if (path === '' || always.has(path) || holdsAlways(path) || !ignores(rules, path)) return false;
    // Something may be taken back in below a folder that is left out.
    const mayHold = exceptions.some((parts) => mayLieBelow(parts, partsOf(path)));
    return !(mayHold && isFolder(join(folder, native)));
  };
}

function partsOf(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/** Whether the pattern may match something in the folder; parts with wildcards are taken to match. */
function mayLieBelow(pattern: readonly string[], folder: readonly string[]): boolean {
  for (const [index, name] of folder.entries()) {
    const part = pattern[index];
    if (part === undefined) return false;
    if (part.includes('**')) return true;
    if (part !== name && !/[*?[\\]/.test(part)) return false;
  }
  return pattern.length > folder.length;
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
