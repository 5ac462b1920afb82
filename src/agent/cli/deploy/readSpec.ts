import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseDeployFile, DEPLOY_FILE_NAME, type DescribedApp } from '../../../model/deployFile';
import { isRelativePath, repositoryPath, volumeSource } from '../../../model/deployFilePaths';
import { ENGLISH, problemInWords } from '../../../model/deployFileProblems';
import { resolveSpec } from '../../../model/deployFileResolve';
import type { DeploymentSpec } from '../../../model/deployment';
import { parseEnvFile } from '../../../model/envFile';
import { UsageError, type CliIo } from '../io';

/**
 * What somebody names on the command line: an app of the `quaywatch.json` here, or a file with its app if there is only
 * one in it. Paths are absolute, and the environment is put in. Rejects with UsageError.
 */
export async function readSpec(
  appOrFile: string,
  app: string | undefined,
  env: CliIo['env'],
): Promise<DeploymentSpec> {
  const isFile = (await stat(appOrFile).catch(() => undefined))?.isFile() === true;
  const path = resolve(isFile ? appOrFile : DEPLOY_FILE_NAME);
  const described = find(path, await readText(path), isFile ? app : appOrFile);
  const folder = dirname(path);
  const envFiles = await Promise.all(
    described.envFiles.map(async (name) => parseEnvFile(await readText(resolve(folder, name)))),
  );
  const { spec, missing } = resolveSpec(described, envFiles, (name) => env[name]);
  if (missing.length > 0)
    throw new UsageError(
      `These variables of the environment are asked for and not set: ${missing.join(', ')}.`,
    );
  return withAbsolutePaths(spec, folder);
}

function find(path: string, text: string, app: string | undefined): DescribedApp {
  const { apps, problems } = parseDeployFile(text);
  const [problem] = problems;
  if (problem) throw new UsageError(`${path}: ${problemInWords(problem, ENGLISH)}`);
  const names = apps.map(({ name }) => name).join(', ');
  const [only] = apps;
  const found = app === undefined && apps.length === 1 ? only : apps.find(({ name }) => name === app);
  if (found) return found;
  if (app === undefined) throw new UsageError(`${path} has several apps: name one of ${names} with --app.`);
  throw new UsageError(`There is no app "${app}" in ${path}, only: ${names}.`);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new UsageError(`${path} can't be read (${code}).`);
  }
}

function withAbsolutePaths(spec: DeploymentSpec, folder: string): DeploymentSpec {
  const { run } = spec;
  const volumes = run?.volumes?.map((volume) => {
    const source = volumeSource(volume);
    return isRelativePath(source) ? resolve(folder, source) + volume.slice(source.length) : volume;
  });
  return {
    ...spec,
    source: absolute(spec.source, folder),
    ...(run && { run: { ...run, ...(volumes && { volumes }) } }),
  };
}

function absolute(source: DeploymentSpec['source'], folder: string): DeploymentSpec['source'] {
  if (source.kind === 'folder' || source.kind === 'compose')
    return { ...source, folder: resolve(folder, source.folder) };
  if (source.kind !== 'git') return source;
  const path = repositoryPath(source.repository);
  return path !== undefined && isRelativePath(path)
    ? { ...source, repository: resolve(folder, path) }
    : source;
}
