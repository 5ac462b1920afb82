import type { DeploymentSpec } from '../model/deployment';
import { splitRepository } from '../model/repositoryAddress';

/** What stands in a kept specification where a value was. */
export const WITHHELD = '';

/** A specification as it may be written down, and the names of what was taken out of it. */
export interface PlainSpec {
  readonly spec: DeploymentSpec;
  /** Such as `environment variable TOKEN`; empty if it is complete. */
  readonly missing: readonly string[];
}

/** Takes out all that is secret: values of the environment and of secret arguments, and passwords in URLs. */
export function withoutSecrets(spec: DeploymentSpec): PlainSpec {
  const environment = Object.keys(spec.run?.environment ?? {});
  const secretArgs = (spec.build?.secretArgs ?? []).filter((name) => name in (spec.build?.args ?? {}));
  const repository = spec.source.kind === 'git' ? splitRepository(spec.source.repository) : undefined;
  const missing = [
    ...environment.map((name) => `the environment variable ${name}`),
    ...secretArgs.map((name) => `the build argument ${name}`),
    ...(repository?.password === undefined ? [] : ["the password in the repository's address"]),
  ];
  return {
    missing,
    spec: {
      ...spec,
      ...(spec.source.kind === 'git' &&
        repository && { source: { ...spec.source, repository: repository.plain } }),
      ...(spec.build && {
        build: {
          ...spec.build,
          ...(spec.build.args && { args: { ...spec.build.args, ...withheld(secretArgs) } }),
        },
      }),
      ...(spec.run && {
        run: { ...spec.run, ...(spec.run.environment && { environment: withheld(environment) }) },
      }),
    },
  };
}

function withheld(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, WITHHELD]));
}

/** All secret values of a specification. */
export function secretsOf(spec: DeploymentSpec): readonly string[] {
  const args = spec.build?.args ?? {};
  const secretArgs = (spec.build?.secretArgs ?? []).map((name) => args[name] ?? '');
  const repository = spec.source.kind === 'git' ? splitRepository(spec.source.repository) : undefined;
  const password = repository?.password;
  return [
    ...Object.values(spec.run?.environment ?? {}),
    ...secretArgs,
    ...(password === undefined
      ? []
      : [password, decoded(password), basicSignIn(decoded(repository?.user ?? ''), decoded(password))]),
  ];
}

/** As HTTP's basic sign-in has it, in base64: a server may say it back. */
export function basicSignIn(user: string, password: string): string {
  return `${user}:${password}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** For people: where it comes from, without secrets. */
export function sourceText({ source }: DeploymentSpec): string {
  switch (source.kind) {
    case 'git': {
      const { plain } = splitRepository(source.repository);
      return source.ref === undefined ? plain : `${plain} (${source.ref})`;
    }
    case 'folder':
      return source.folder;
    case 'image':
      return source.image;
    case 'compose':
      return `${source.folder} (${source.files.join(', ')})`;
  }
}
