import type { BuildOptions, HealthOptions, RunOptions } from './deployment';
import type { Fields } from './deployFileFields';
import { parseDuration, parseMemory, parsePort } from './deployFileForms';

const MOST_CPUS = 1_024;

export function readBuild(app: Fields): BuildOptions | undefined {
  const build = app.object('build', ['dockerfile', 'target', 'args', 'secretArgs']);
  if (!build) return undefined;
  const dockerfile = build.text('dockerfile', 'insidePath');
  const target = build.text('target', 'target');
  const open = build.textMap('args', 'argumentName');
  const secret = build.textMap('secretArgs', 'argumentName');
  const secretArgs = Object.keys(secret ?? {});
  for (const name of secretArgs.filter((one) => open && Object.hasOwn(open, one)))
    build.report(`secretArgs.${name}`, { kind: 'twice' });
  return {
    ...(dockerfile !== undefined && { dockerfile }),
    ...(target !== undefined && { target }),
    ...((open ?? secret) && { args: { ...open, ...secret } }),
    ...(secretArgs.length > 0 && { secretArgs }),
  };
}

const RUN_MEMBERS = [
  'name',
  'command',
  'ports',
  'environment',
  'envFiles',
  'volumes',
  'networks',
  'restart',
  'labels',
  'limits',
];

export function readRun(
  app: Fields,
): { readonly options: RunOptions; readonly envFiles: readonly string[] } | undefined {
  const run = app.object('run', RUN_MEMBERS);
  if (!run) return undefined;
  const limits = run.object('limits', ['memory', 'cpus']);
  const ports = run.texts('ports', 'port')?.map((text) => parsePort(text));
  const memory = limits?.text('memory', 'memory');
  const options = {
    name: run.text('name', 'containerName'),
    command: run.texts('command', 'value'),
    ports: ports?.filter((port) => port !== undefined),
    environment: run.textMap('environment', 'variableName'),
    volumes: run.texts('volumes', 'volume'),
    networks: run.texts('networks', 'network'),
    restart: run.choice('restart', ['no', 'always', 'unless-stopped', 'on-failure'] as const),
    labels: run.textMap('labels', 'labelName'),
    memoryBytes: memory === undefined ? undefined : parseMemory(memory),
    cpus: limits?.positive('cpus', MOST_CPUS),
  };
  return { options: present(options), envFiles: run.texts('envFiles', 'path') ?? [] };
}

export function readHealth(app: Fields): HealthOptions | undefined {
  const health = app.object('health', ['command', 'interval', 'timeout', 'stable']);
  if (!health) return undefined;
  const duration = (name: string): number | undefined => {
    const text = health.text(name, 'duration');
    return text === undefined ? undefined : parseDuration(text);
  };
  return present({
    command: health.text('command', 'value'),
    intervalMs: duration('interval'),
    timeoutMs: duration('timeout'),
    stableMs: duration('stable'),
  });
}

type Present<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without the members that are `undefined`. */
function present<T extends object>(members: T): Present<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Present<T>;
}
