import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { EngineError } from '../engine';
import { parseDockerHost, type DockerHost } from './dockerHost';
import { found, type Candidate, type DockerEndpoint } from './endpoint';
import { toEngineError } from './errors';
import { fieldOf } from './explanation';
import { dockerConfigDirectory, environmentVariable, joinPath, type Machine } from './machine';
import { readTlsFiles, withTls } from './tlsMaterial';

/** What the docker CLI's context says, and whether other engines may stand in for it. */
export interface ContextOutcome {
  readonly candidate?: Candidate;
  /** Whether the usual sockets come next. A remote engine is never silently replaced by the local one. */
  readonly goOn: boolean;
}

const DEFAULT_CONTEXT = 'default';
const GO_ON: ContextOutcome = { goOn: true };

const configSchema = v.looseObject({ currentContext: v.nullish(v.string()) });

const metaSchema = v.looseObject({
  Endpoints: v.looseObject({
    docker: v.looseObject({ Host: v.string(), SkipTLSVerify: v.nullish(v.boolean()) }),
  }),
});

interface ContextName {
  readonly name: string;
  /** What to change when it is wrong. */
  readonly namedBy: string;
}

/** The engine of the docker CLI's current context: DOCKER_CONTEXT, or else `currentContext` of its config.json. */
export async function contextOutcome(machine: Machine): Promise<ContextOutcome> {
  const configPath = joinPath(machine, dockerConfigDirectory(machine), 'config.json');
  let context: ContextName | undefined;
  try {
    context = await currentContext(machine, configPath);
  } catch (error) {
    // The CLI, too, warns and goes on with the default context.
    const candidate = {
      source: 'context',
      address: configPath,
      error: toEngineError(error, `read ${configPath}`),
    };
    return { candidate, goOn: true };
  }
  if (context === undefined || context.name === DEFAULT_CONTEXT) return GO_ON;
  return namedContext(machine, context);
}

async function currentContext(machine: Machine, configPath: string): Promise<ContextName | undefined> {
  const named = environmentVariable(machine, 'DOCKER_CONTEXT');
  if (named !== undefined) return { name: named, namedBy: 'DOCKER_CONTEXT' };
  const config = await readJson(machine, configPath, configSchema);
  const name = config?.currentContext?.trim();
  return name ? { name, namedBy: configPath } : undefined;
}

async function namedContext(machine: Machine, context: ContextName): Promise<ContextOutcome> {
  const source = `context ${context.name}`;
  const identifier = createHash('sha256').update(context.name).digest('hex');
  const directory = joinPath(machine, dockerConfigDirectory(machine), 'contexts');
  const metaPath = joinPath(machine, directory, 'meta', identifier, 'meta.json');
  try {
    const tlsDirectory = joinPath(machine, directory, 'tls', identifier, 'docker');
    const endpoint = await readContext(machine, context, metaPath, tlsDirectory);
    const isLocal = endpoint.kind === 'unix' || endpoint.kind === 'npipe';
    return { candidate: found(source, endpoint), goOn: isLocal };
  } catch (error) {
    const candidate = { source, address: metaPath, error: toEngineError(error, `read the Docker ${source}`) };
    return { candidate, goOn: false };
  }
}

async function readContext(
  machine: Machine,
  { name, namedBy }: ContextName,
  metaPath: string,
  tlsDirectory: string,
): Promise<DockerEndpoint> {
  const meta = await readJson(machine, metaPath, metaSchema);
  if (meta === undefined) {
    const remedy = `Choose another with \`docker context use\`, or correct ${namedBy}.`;
    throw new EngineError(
      'badEndpoint',
      `There is no Docker context "${name}", which ${namedBy} names. ${remedy}`,
    );
  }
  const { Host: text, SkipTLSVerify: skipVerify } = meta.Endpoints.docker;
  const files = await readTlsFiles(machine, tlsDirectory);
  const secure = Object.keys(files).length > 0 || skipVerify === true;
  const host = parseDockerHost(text, { platform: machine.platform, secure });
  return withTls(host, isSecure(host) ? { ...files, skipVerify: skipVerify ?? false } : undefined);
}

function isSecure(host: DockerHost): boolean {
  return host.kind === 'tcp' && host.secure;
}

/** Resolves with `undefined` when there is no such file. */
async function readJson<Schema extends v.GenericSchema>(
  machine: Machine,
  path: string,
  schema: Schema,
): Promise<v.InferOutput<Schema> | undefined> {
  const text = await readText(machine, path);
  if (text === undefined) return undefined;
  const result = v.safeParse(schema, parseJson(text, path));
  if (result.success) return result.output;
  const field = v.getDotPath(result.issues[0]) ?? 'its top level';
  throw new EngineError(
    'badEndpoint',
    `${path} is not as the docker CLI writes it, at ${field}. Correct or remove it.`,
  );
}

async function readText(machine: Machine, path: string): Promise<string | undefined> {
  try {
    return await machine.readFile(path);
  } catch (error) {
    const code = fieldOf(error, 'code');
    if (code === 'ENOENT') return undefined;
    throw new EngineError(
      'badEndpoint',
      `${path} can't be read (${String(code)}). Make it readable for this user.`,
    );
  }
}

/** The parser's own message is left out, since it quotes the file, and config.json may hold passwords. */
function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new EngineError('badEndpoint', `${path} is not valid JSON. Correct or remove it.`);
  }
}
