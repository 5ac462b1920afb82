import type { DeploymentSource, DeploymentSpec } from './deployment';
import { Fields, isRecord } from './deployFileFields';
import { hasForm } from './deployFileForms';
import { readBuild, readHealth, readRun } from './deployFileParts';
import type { FileProblem } from './deployFileProblems';
import { readSource } from './deployFileSource';

/** What apps of a workspace are deployed from. */
export const DEPLOY_FILE_NAME = 'quaywatch.json';

const MOST_BYTES = 1_000_000;
const MOST_APPS = 200;

/** An app as the file describes it: paths relative to the file, `${env:NAME}` not yet looked up. */
export interface DescribedApp {
  readonly name: string;
  readonly spec: DeploymentSpec;
  /** Their variables are added to the environment when it is deployed, those of later files before earlier ones'. */
  readonly envFiles: readonly string[];
  /** Names of the hosts to deploy to; none if somebody is to be asked. */
  readonly hosts: readonly string[];
}

export interface DeployFile {
  /** Those without problems, in the file's order. */
  readonly apps: readonly DescribedApp[];
  readonly problems: readonly FileProblem[];
}

/** Reads the text of a `quaywatch.json`. Never throws; an app with a problem is left out, and the problem told. */
export function parseDeployFile(text: string): DeployFile {
  if (text.length > MOST_BYTES) return refused({ field: '', kind: 'tooLarge', mostBytes: MOST_BYTES });
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    return refused({ field: '', kind: 'notJson', detail: error instanceof Error ? error.message : '' });
  }
  return readDeployFile(content);
}

function refused(problem: FileProblem): DeployFile {
  return { apps: [], problems: [problem] };
}

/** As {@link parseDeployFile}, of what the JSON says. */
export function readDeployFile(content: unknown): DeployFile {
  const problems: FileProblem[] = [];
  const file = Fields.of(content, '', ['$schema', 'apps'], problems);
  if (!isRecord(content)) return refused({ field: DEPLOY_FILE_NAME, kind: 'wrongType', expected: 'object' });
  file?.text('$schema', 'value');
  const described = content['apps'];
  if (described === undefined)
    return { apps: [], problems: [...problems, { field: 'apps', kind: 'missing' }] };
  if (!isRecord(described))
    return { apps: [], problems: [...problems, { field: 'apps', kind: 'wrongType', expected: 'object' }] };
  const entries = Object.entries(described);
  if (entries.length === 0) problems.push({ field: 'apps', kind: 'empty' });
  if (entries.length > MOST_APPS) problems.push({ field: 'apps', kind: 'tooMany', most: MOST_APPS });
  const apps: DescribedApp[] = [];
  for (const [name, value] of entries.slice(0, MOST_APPS)) {
    const read = readApp(name, value);
    problems.push(...read.problems);
    if (read.app) apps.push(read.app);
  }
  return { apps, problems };
}

export interface ReadApp {
  /** `undefined` if there are problems. */
  readonly app?: DescribedApp;
  readonly problems: readonly FileProblem[];
}

/** One app of the file. */
export function readApp(name: string, value: unknown): ReadApp {
  const problems: FileProblem[] = [];
  const place = `apps.${name}`;
  if (!hasForm(name, 'appName')) problems.push({ field: place, kind: 'badForm', form: 'appName' });
  const fields = Fields.of(value, place, ['source', 'build', 'run', 'health', 'hosts'], problems);
  const source = fields && readSource(fields);
  if (!fields || !source) return { problems };
  refuseUnfitting(fields, source);
  const build = readBuild(fields);
  const run = readRun(fields);
  const health = readHealth(fields);
  const hosts = fields.texts('hosts', 'hostName') ?? [];
  if (problems.length > 0) return { problems };
  const spec: DeploymentSpec = {
    app: name,
    source,
    ...(build && { build }),
    ...(run && { run: run.options }),
    ...(health && { health }),
  };
  return { app: { name, spec, envFiles: run?.envFiles ?? [], hosts }, problems };
}

/** What is built has no use for an image, and a Compose file says itself how its containers run. */
function refuseUnfitting(app: Fields, { kind }: DeploymentSource): void {
  if (kind !== 'image' && kind !== 'compose') return;
  const unfitting = kind === 'image' ? ['build'] : ['build', 'run', 'health'];
  for (const part of unfitting.filter((one) => app.has(one)))
    app.report(part, { kind: 'notForSource', source: kind });
}

/** Whether a name can be an app's. */
export function isAppName(name: string): boolean {
  return hasForm(name, 'appName');
}
