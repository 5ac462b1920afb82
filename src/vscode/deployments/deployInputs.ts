import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import type { ContextArchive, DeploymentStart } from '../../engine/deployments';
import type { DeploymentSource, DeploymentSpec } from '../../model/deployment';
import type { DescribedApp } from '../../model/deployFile';
import {
  isRelativePath,
  localPaths,
  repositoryPath,
  volumeSource,
  type NamedPath,
} from '../../model/deployFilePaths';
import { resolveSpec } from '../../model/deployFileResolve';
import { parseEnvFile, type EnvFile } from '../../model/envFile';
import type { Host } from '../hosts/host';
import { DeployRefusedError } from './deployError';
import type { DeployChoice } from './deployFiles';

const MOST_ENV_FILE_BYTES = 1_000_000;

/** Packs a folder for a host that is another machine. */
export type PackContext = (spec: DeploymentSpec) => ContextArchive;

/** A path that an app names, as it is on this machine. */
export interface FoundPath extends NamedPath {
  readonly absolute: string;
  readonly isInWorkspace: boolean;
}

/** Finds what the app names on this machine. Rejects, naming the field, where something is not there. */
export async function findPaths(
  { app, baseFolder }: DeployChoice,
  targets: readonly Host[],
): Promise<FoundPath[]> {
  const isAllElsewhere = targets.every(({ remote }) => remote !== undefined);
  const roots = await Promise.all(
    (vscode.workspace.workspaceFolders ?? [])
      .filter(({ uri }) => uri.scheme === 'file')
      .map(({ uri }) => real(uri.fsPath)),
  );
  return Promise.all(
    localPaths(app)
      .filter((named) => !(isAllElsewhere && isHostsOwn(named)))
      .map(async (named) => {
        const absolute = absoluteOf(named.path, baseFolder, `apps.${app.name}.${named.field}`);
        const found = await real(absolute);
        const isInWorkspace = roots.some(
          (root) => found !== undefined && root !== undefined && isInside(found, root),
        );
        // The engine makes a bind mount's folder; all else is read from.
        const mayBeAbsent = named.field.startsWith('run.volumes');
        if (found === undefined && !mayBeAbsent)
          throw new DeployRefusedError(
            vscode.l10n.t(
              '“{0}” names {1}, which does not exist.',
              `apps.${app.name}.${named.field}`,
              absolute,
            ),
          );
        return { ...named, absolute, isInWorkspace };
      }),
  );
}

/** An absolute repository is read by the host that deploys, on its own disk. */
function isHostsOwn({ field, path: named }: NamedPath): boolean {
  return field === 'source.git' && !isRelativePath(named);
}

/** What to hand to the host. Secrets are read now, and kept nowhere. */
export async function startFor(
  { app, baseFolder }: DeployChoice,
  host: Host,
  pack: PackContext,
): Promise<DeploymentStart> {
  const envFiles = await Promise.all(
    app.envFiles.map((file, index) =>
      readEnvFile(absoluteOf(file, baseFolder, `apps.${app.name}.run.envFiles[${index}]`)),
    ),
  );
  const { spec, missing } = resolveSpec(app, envFiles, (name) => process.env[name]);
  if (missing.length > 0)
    throw new DeployRefusedError(
      vscode.l10n.t(
        '{0} asks for what is not set in the environment of VS Code: {1}.',
        app.name,
        missing.join(', '),
      ),
    );
  const placed = { ...spec, source: placedSource(app, spec.source, baseFolder) };
  const start = host.remote ? remoteSpec(app, placed, host) : localSpec(placed, baseFolder);
  const isPacked = host.remote && (start.source.kind === 'folder' || start.source.kind === 'compose');
  return isPacked ? { spec: start, context: pack(start) } : { spec: start };
}

function placedSource(
  app: DescribedApp,
  source: DeploymentSource,
  baseFolder: string | undefined,
): DeploymentSource {
  const field = `apps.${app.name}.source`;
  if (source.kind === 'folder' || source.kind === 'compose')
    return { ...source, folder: absoluteOf(source.folder, baseFolder, `${field}.folder`) };
  if (source.kind !== 'git' || !isRelativePath(source.repository)) return source;
  return { ...source, repository: absoluteOf(source.repository, baseFolder, `${field}.git`) };
}

/** A path of this machine means something else on another. */
function remoteSpec(app: DescribedApp, spec: DeploymentSpec, host: Host): DeploymentSpec {
  const index = (spec.run?.volumes ?? []).findIndex((volume) => isRelativePath(volumeSource(volume)));
  if (index >= 0) throw elsewhere(`apps.${app.name}.run.volumes[${index}]`, host);
  const { source } = app.spec;
  if (source.kind === 'git' && isRelativePath(source.repository))
    throw elsewhere(`apps.${app.name}.source.git`, host);
  return spec;
}

function elsewhere(field: string, host: Host): DeployRefusedError {
  return new DeployRefusedError(
    vscode.l10n.t(
      '“{0}” is relative to a folder of this machine, but {1} is another one: use an absolute path.',
      field,
      host.name,
    ),
  );
}

function localSpec(spec: DeploymentSpec, baseFolder: string | undefined): DeploymentSpec {
  const volumes = spec.run?.volumes?.map((volume) => {
    const source = volumeSource(volume);
    if (!isRelativePath(source)) return volume;
    return `${absoluteOf(source, baseFolder, 'run.volumes')}${volume.slice(source.length)}`;
  });
  return volumes ? { ...spec, run: { ...spec.run, volumes } } : spec;
}

function absoluteOf(named: string, baseFolder: string | undefined, field: string): string {
  const asPath = repositoryPath(named) ?? named;
  if (path.isAbsolute(asPath)) return asPath;
  if (baseFolder === undefined)
    throw new DeployRefusedError(
      vscode.l10n.t('“{0}” is a relative path, and there is no folder of this machine to begin at.', field),
    );
  return path.resolve(baseFolder, asPath);
}

async function readEnvFile(file: string): Promise<EnvFile> {
  const { size } = await stat(file);
  if (size > MOST_ENV_FILE_BYTES)
    throw new DeployRefusedError(vscode.l10n.t('{0} is too large for an env file.', file), file);
  const read = parseEnvFile(await readFile(file, 'utf8'));
  const [line] = read.badLines;
  if (line !== undefined)
    throw new DeployRefusedError(vscode.l10n.t('{0}, line {1}: this is no NAME=VALUE.', file, line), file);
  return read;
}

/** The path without links, so that none leads out of the workspace unseen; `undefined` if it is not there. */
async function real(file: string): Promise<string | undefined> {
  try {
    return await realpath(file);
  } catch {
    return undefined;
  }
}

function isInside(file: string, root: string): boolean {
  const relative = path.relative(root, file);
  return (
    relative === '' ||
    (!relative.startsWith(`..${path.sep}`) && relative !== '..' && !path.isAbsolute(relative))
  );
}
