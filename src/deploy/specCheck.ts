import type { DeploymentSource, DeploymentSpec, PublishedPort, RunOptions } from '../model/deployment';
import { hasPlainHost } from '../model/repositoryAddress';
import { EngineError } from '../engine/engine';

const APP = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
const CONTAINER_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
/** As the engine's own grammar, loosely: what matters is that no part of it can be taken for something else. */
const IMAGE = /^[A-Za-z0-9](?:[A-Za-z0-9._/:@-]{0,254})$/;
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const NETWORK = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;
const COMPOSE_PROJECT = /^[a-z0-9][a-z0-9_-]*$/;
const TARGET = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
/** Characters that Git forbids in refs, and `:` and `+`, which would make a mapping of it. */
const REF_FORBIDDEN = /^[-+/.]|\.\.|@\{|\/\/|[\s~^:?*[\\\p{Cc}]|[/.]$|\.lock$/u;
const CONTROL = /\p{Cc}/u;
const LONGEST_TEXT = 4_096;
const LONGEST_VALUE = 128 * 1024;
const MOST_ENTRIES = 1_000;
const HIGHEST_PORT = 65_535;
/** A tool of Git's that is named in an address runs a program: `ext::sh -c …`. */
const REMOTE_HELPER = /^[A-Za-z0-9+.-]*::/;
const GIT_SCHEMES = /^(?:https?|ssh|git|file|git\+ssh|ssh\+git):\/\//i;

/**
 * Refuses what makes no sense or could be taken for an option, a path elsewhere or a program.
 *
 * @throws EngineError `badRequest` that names the field
 */
export function checkSpec(spec: DeploymentSpec): void {
  demand(APP.test(spec.app), 'app', 'wants 1 to 63 letters, digits, dots, underscores and hyphens');
  checkSource(spec.source);
  if (spec.source.kind === 'compose') refuseUnfitting(spec);
  checkBuild(spec);
  if (spec.run) checkRun(spec.run);
  const { health } = spec;
  if (!health) return;
  if (health.command !== undefined) checkText(health.command, 'health.command');
  for (const name of ['intervalMs', 'timeoutMs', 'stableMs'] as const) {
    const value = health[name];
    if (value === undefined) continue;
    const isSpan = Number.isInteger(value) && value >= 0 && value <= 24 * 60 * 60 * 1000;
    demand(isSpan, `health.${name}`, 'wants whole milliseconds, a day at most');
  }
}

function checkSource(source: DeploymentSource): void {
  switch (source.kind) {
    case 'git':
      checkRepository(source.repository);
      if (source.ref !== undefined) checkRef(source.ref);
      if (source.folder !== undefined) checkInside(source.folder, 'source.folder');
      return;
    case 'folder':
      checkText(source.folder, 'source.folder');
      return;
    case 'image':
      demand(IMAGE.test(source.image), 'source.image', 'is no name of an image');
      return;
    case 'compose':
      checkCompose(source);
      return;
    default:
      demand(false, 'source.kind', 'is none of git, folder, image and compose');
  }
}

/**
 * A Compose file says itself what its containers are. An environment given here would be Compose's own, in which `PATH`,
 * `DOCKER_HOST` or `LD_PRELOAD` have it run something else.
 */
function refuseUnfitting({ build, run, health }: DeploymentSpec): void {
  const unfitting = {
    build,
    run,
    'health.command': health?.command,
    'health.intervalMs': health?.intervalMs,
  };
  for (const [field, value] of Object.entries(unfitting))
    demand(value === undefined, field, 'is not for a Compose project: it goes into the Compose file');
}

function checkCompose(source: Extract<DeploymentSource, { readonly kind: 'compose' }>): void {
  checkText(source.folder, 'source.folder');
  demand(source.files.length > 0 && source.files.length <= MOST_ENTRIES, 'source.files', 'names no file');
  for (const file of source.files) checkInside(file, 'source.files');
  if (source.project !== undefined)
    demand(
      COMPOSE_PROJECT.test(source.project),
      'source.project',
      'wants lower-case letters, digits, - and _',
    );
  for (const service of source.services ?? [])
    demand(CONTAINER_NAME.test(service), 'source.services', 'holds what is no name of a service');
}

/** @throws EngineError */
export function checkRepository(repository: string): void {
  checkText(repository, 'source.repository');
  demand(repository.trim() === repository, 'source.repository', 'begins or ends with a blank');
  demand(
    !repository.startsWith('-') && !REMOTE_HELPER.test(repository),
    'source.repository',
    'is no address of a repository: options and helpers of Git are refused',
  );
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(repository);
  demand(
    !hasScheme || GIT_SCHEMES.test(repository),
    'source.repository',
    'wants https, http, ssh, git or file',
  );
  demand(
    !hasScheme || (!/\s/.test(repository) && hasPlainHost(repository)),
    'source.repository',
    'is no address: write blanks in it, and /, ?, # and @ of a password, as %20, %2F, %3F, %23 and %40',
  );
  // A host that begins with a hyphen would be an option of ssh.
  demand(
    !/^(?:[a-z+]+:\/\/)?(?:[^@/]*@)?-/i.test(repository),
    'source.repository',
    'names a host that begins with -',
  );
}

function checkRef(ref: string): void {
  const isRef = ref !== '' && ref.length <= 250 && !REF_FORBIDDEN.test(ref);
  demand(isRef, 'source.ref', 'is no name of a branch, tag or commit');
}

function checkBuild({ build }: DeploymentSpec): void {
  if (!build) return;
  if (build.dockerfile !== undefined) checkInside(build.dockerfile, 'build.dockerfile');
  if (build.target !== undefined) demand(TARGET.test(build.target), 'build.target', 'is no name of a stage');
  for (const [name, value] of entries(build.args, 'build.args')) {
    demand(NAME.test(name), 'build.args', `holds "${name.slice(0, 40)}", which is no name`);
    demand(isValue(value), `build.args.${name}`, 'is no text, or too long');
  }
  for (const name of build.secretArgs ?? [])
    demand(
      build.args?.[name] !== undefined,
      'build.secretArgs',
      `names ${name.slice(0, 40)}, which is no argument`,
    );
}

function checkRun(run: RunOptions): void {
  if (run.name !== undefined) demand(CONTAINER_NAME.test(run.name), 'run.name', 'is no name of a container');
  for (const [name, value] of entries(run.environment, 'run.environment')) {
    const isName = name !== '' && !/[=\s\p{Cc}]/u.test(name);
    demand(isName, 'run.environment', 'holds what is no name of a variable');
    demand(isValue(value), `run.environment.${name}`, 'is no text, or too long');
  }
  for (const [name, value] of entries(run.labels, 'run.labels')) {
    demand(name !== '' && !CONTROL.test(name), 'run.labels', 'holds what is no name of a label');
    demand(isValue(value), `run.labels.${name}`, 'is no text, or too long');
  }
  for (const port of run.ports ?? []) checkPort(port);
  for (const volume of run.volumes ?? []) checkVolume(volume);
  for (const network of run.networks ?? [])
    demand(NETWORK.test(network), 'run.networks', 'holds what is no name of a network');
  checkLimits(run);
}

function checkLimits({ memoryBytes, cpus }: RunOptions): void {
  if (memoryBytes !== undefined)
    demand(Number.isInteger(memoryBytes) && memoryBytes > 0, 'run.memoryBytes', 'wants whole bytes');
  if (cpus !== undefined) demand(Number.isFinite(cpus) && cpus > 0, 'run.cpus', 'wants a number above 0');
}

function checkPort({ containerPort, hostPort, hostAddress }: PublishedPort): void {
  const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= HIGHEST_PORT;
  demand(isPort(containerPort), 'run.ports', 'wants container ports from 1 to 65535');
  demand(hostPort === undefined || isPort(hostPort), 'run.ports', 'wants host ports from 1 to 65535');
  if (hostAddress !== undefined)
    demand(/^[0-9A-Fa-f.:]+$/.test(hostAddress), 'run.ports', 'wants an IP address of the host');
}

/** The engine takes absolute paths and names of volumes; a relative path would mean another folder on each machine. */
function checkVolume(volume: string): void {
  checkText(volume, 'run.volumes');
  demand(!volume.startsWith('.') && !volume.startsWith('~'), 'run.volumes', 'wants absolute paths');
}

/** Relative, and without a way out. */
function checkInside(path: string, field: string): void {
  checkText(path, field);
  const isRelative = !/^(?:[/\\]|[A-Za-z]:)/.test(path) && !path.startsWith('-');
  demand(isRelative && !path.split(/[/\\]/).includes('..'), field, 'leads out of the folder');
}

function checkText(text: string, field: string): void {
  const isText = typeof text === 'string' && text !== '' && text.length <= LONGEST_TEXT;
  demand(isText && !CONTROL.test(text), field, 'is empty, too long, or holds control characters');
}

function isValue(value: string): boolean {
  return typeof value === 'string' && value.length <= LONGEST_VALUE && !value.includes('\0');
}

function entries(
  record: Readonly<Record<string, string>> | undefined,
  field: string,
): readonly (readonly [string, string])[] {
  const all = Object.entries(record ?? {});
  demand(all.length <= MOST_ENTRIES, field, 'holds too many entries');
  return all;
}

function demand(isGood: boolean, field: string, problem: string): void {
  if (!isGood) throw new EngineError('badRequest', `"${field}" ${problem}. Correct it and deploy again.`);
}
