import type { DescribedApp } from './deployFile';

/** A path that an app names, and where it does. */
export interface NamedPath {
  readonly field: string;
  readonly path: string;
}

/** The paths of the machine that deploys, relative ones from the file's folder on. */
export function localPaths({ spec: { source, run }, envFiles }: DescribedApp): NamedPath[] {
  const folder = source.kind === 'folder' || source.kind === 'compose' ? source.folder : undefined;
  const repository = source.kind === 'git' ? repositoryPath(source.repository) : undefined;
  return [
    ...(folder === undefined ? [] : [{ field: 'source.folder', path: folder }]),
    ...(repository === undefined ? [] : [{ field: 'source.git', path: repository }]),
    ...envFiles.map((path, index) => ({ field: `run.envFiles[${index}]`, path })),
    ...volumeSources(run?.volumes).filter(({ path }) => isRelativePath(path)),
  ];
}

/** The paths of the host that the new container would reach. */
export function hostPaths({ spec: { run } }: Pick<DescribedApp, 'spec'>): string[] {
  return volumeSources(run?.volumes)
    .map(({ path }) => path)
    .filter((path) => isRelativePath(path) || isAbsolutePath(path));
}

/** The path of a repository that is no address of another machine. */
export function repositoryPath(repository: string): string | undefined {
  if (repository.startsWith('file://')) return repository.slice('file://'.length);
  return isRelativePath(repository) || isAbsolutePath(repository) ? repository : undefined;
}

/** `SOURCE` of `SOURCE:TARGET[:MODE]`, where Windows' drives have a colon of their own. */
export function volumeSource(volume: string): string {
  return /^[A-Za-z]:[/\\][^:]*(?=:\/)|^[^:]*/.exec(volume)?.[0] ?? '';
}

function volumeSources(volumes: readonly string[] = []): NamedPath[] {
  return volumes.map((volume, index) => ({ field: `run.volumes[${index}]`, path: volumeSource(volume) }));
}

/** Begins with `.`; anything else without a slash at its beginning is a volume's name. */
export function isRelativePath(path: string): boolean {
  return /^\.\.?(?:[/\\]|$)/.test(path);
}

function isAbsolutePath(path: string): boolean {
  return /^(?:[/\\]|[A-Za-z]:[/\\]|~(?:[/\\]|$))/.test(path);
}
