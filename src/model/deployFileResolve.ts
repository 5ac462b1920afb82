import type { BuildOptions, DeploymentSource, DeploymentSpec } from './deployment';
import type { DescribedApp } from './deployFile';
import type { EnvFile } from './envFile';

const REFERENCE = /\$\{env:([^}]*)\}/g;

/** A variable of the environment in which somebody deploys; `undefined` if it is not set. */
export type LookUp = (name: string) => string | undefined;

export interface ResolvedSpec {
  readonly spec: DeploymentSpec;
  /** Names that `${env:NAME}` asks for and that are not set. */
  readonly missing: readonly string[];
}

/**
 * Puts the variables of the env files into the environment, and what `${env:NAME}` stands for into build arguments,
 * environment and the address of a repository. An argument that comes from the environment is a secret one.
 */
export function resolveSpec(
  { spec }: Pick<DescribedApp, 'spec'>,
  envFiles: readonly EnvFile[],
  lookUp: LookUp,
): ResolvedSpec {
  const missing = new Set<string>();
  const resolve = (text: string): string =>
    text.replace(REFERENCE, (_, name: string) => {
      const value = lookUp(name);
      if (value === undefined) missing.add(name);
      return value ?? '';
    });
  const fromFiles = envFiles.flatMap(({ variables }) =>
    variables.flatMap(({ name, value = lookUp(name) }) =>
      value === undefined ? [] : [[name, value] as const],
    ),
  );
  const own = Object.entries(spec.run?.environment ?? {}).map(
    ([name, text]) => [name, resolve(text)] as const,
  );
  const environment = [...fromFiles, ...own];
  const resolved: DeploymentSpec = {
    ...spec,
    source: resolvedSource(spec.source, resolve),
    ...(spec.build && { build: resolvedBuild(spec.build, resolve) }),
    ...((spec.run ?? environment.length > 0) && {
      run: { ...spec.run, ...(environment.length > 0 && { environment: Object.fromEntries(environment) }) },
    }),
  };
  return { spec: resolved, missing: [...missing] };
}

function resolvedSource(source: DeploymentSource, resolve: (text: string) => string): DeploymentSource {
  return source.kind === 'git' ? { ...source, repository: resolve(source.repository) } : source;
}

function resolvedBuild(build: BuildOptions, resolve: (text: string) => string): BuildOptions {
  const args = Object.entries(build.args ?? {});
  if (args.length === 0) return build;
  const fromEnvironment = args.filter(([, text]) => text.search(REFERENCE) >= 0).map(([name]) => name);
  const secretArgs = [...new Set([...(build.secretArgs ?? []), ...fromEnvironment])];
  return {
    ...build,
    args: Object.fromEntries(args.map(([name, text]) => [name, resolve(text)])),
    ...(secretArgs.length > 0 && { secretArgs }),
  };
}
