import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RegistrySignIn } from '../../engine/deployEngine';
import { runProgram } from '../runProgram';
import { basicSignIn } from '../secrets';
import type { Step } from '../step';

/** As Docker's configuration calls its own registry. */
export const DOCKER_HUB = 'https://index.docker.io/v1/';
const HELPER = /^[A-Za-z0-9_.-]+$/;
const HELPER_DEADLINE_MS = 30_000;

type Fields = Readonly<Record<string, unknown>>;

/** The registry an image comes from, as Docker's configuration calls it. */
export function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return isHost && first !== 'docker.io' && first !== 'index.docker.io' ? first : DOCKER_HUB;
}

/** Sign-ins of the docker CLI's own store: its configuration file and the credential helpers that this names. */
export class RegistrySignIns {
  private config: Promise<Fields> | undefined;

  constructor(private readonly step: Pick<Step, 'tools' | 'redactor' | 'log' | 'signal'>) {}

  async of(registry: string): Promise<RegistrySignIn | undefined> {
    const config = await this.read();
    const helper = textOf(fieldsOf(config['credHelpers'])[registry]) ?? textOf(config['credsStore']);
    const signIn =
      helper === undefined
        ? storedSignIn(config, registry)
        : ((await this.ask(helper, registry)) ?? storedSignIn(config, registry));
    if (signIn) this.step.redactor.add(secretsIn(signIn));
    return signIn;
  }

  /** All that the configuration names, for a build that may begin with any image. */
  async all(): Promise<Readonly<Record<string, RegistrySignIn>>> {
    const config = await this.read();
    const names = new Set([
      ...Object.keys(fieldsOf(config['auths'])),
      ...Object.keys(fieldsOf(config['credHelpers'])),
    ]);
    const found: Record<string, RegistrySignIn> = {};
    for (const name of names) {
      const signIn = await this.of(name);
      if (signIn) found[name] = signIn;
    }
    return found;
  }

  private read(): Promise<Fields> {
    this.config ??= this.readFile();
    return this.config;
  }

  private async readFile(): Promise<Fields> {
    const { environment, homeDirectory } = this.step.tools;
    const named = environment['DOCKER_CONFIG'];
    const folder = named === undefined || named === '' ? join(homeDirectory, '.docker') : named;
    const text = await readFile(join(folder, 'config.json'), 'utf8').catch(() => undefined);
    if (text === undefined) return {};
    try {
      return fieldsOf(JSON.parse(text));
    } catch {
      // The parser's own words quote the text, which may hold a password.
      this.step.log('system', "Docker's config.json is no JSON: going on without sign-ins.");
      return {};
    }
  }

  private async ask(helper: string, registry: string): Promise<RegistrySignIn | undefined> {
    if (!HELPER.test(helper)) return undefined;
    const { environment } = this.step.tools;
    const command = `docker-credential-${helper}`;
    try {
      const run = { command, args: ['get'], environment, input: registry, deadlineMs: HELPER_DEADLINE_MS };
      const { exitCode, output } = await runProgram({ ...run, signal: this.step.signal });
      return exitCode === 0 ? signInOf(fieldsOf(JSON.parse(output)), registry) : undefined;
    } catch {
      this.step.signal.throwIfAborted();
      this.step.log('system', `${command} gave no sign-in: going on without.`);
      return undefined;
    }
  }
}

function secretsIn(signIn: RegistrySignIn): readonly string[] {
  if ('identitytoken' in signIn) return [signIn.identitytoken];
  return [signIn.password, basicSignIn(signIn.username, signIn.password)];
}

function signInOf(answer: Fields, serveraddress: string): RegistrySignIn | undefined {
  const username = textOf(answer['Username']);
  const password = textOf(answer['Secret']);
  if (username === undefined || password === undefined) return undefined;
  // So a helper says that the secret is a token.
  return username === '<token>'
    ? { identitytoken: password, serveraddress }
    : { username, password, serveraddress };
}

function storedSignIn(config: Fields, registry: string): RegistrySignIn | undefined {
  const auths = fieldsOf(config['auths']);
  const entry = fieldsOf(auths[registry] ?? auths[`https://${registry}`] ?? auths[`https://${registry}/v1/`]);
  const serveraddress = registry;
  const identitytoken = textOf(entry['identitytoken']);
  if (identitytoken !== undefined && identitytoken !== '') return { identitytoken, serveraddress };
  const auth = Buffer.from(textOf(entry['auth']) ?? '', 'base64').toString('utf8');
  const colon = auth.indexOf(':');
  if (colon <= 0) return undefined;
  return { username: auth.slice(0, colon), password: auth.slice(colon + 1), serveraddress };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
