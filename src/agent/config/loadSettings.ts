import { readConfigFile, type PartialSettings } from './configFile';
import { ConfigError, settingFromText } from './readSetting';
import {
  ENVIRONMENT_PREFIX,
  flagOf,
  SETTING_KEYS,
  SETTING_RULES,
  variableOf,
  type AgentSettings,
  type SettingKey,
} from './settings';

const CONFIG_VARIABLE = `${ENVIRONMENT_PREFIX}CONFIG`;

/** Where settings come from. */
export interface SettingSources {
  /** What stood on the command line. */
  readonly flags: PartialSettings;
  /** The file that `--config` names. */
  readonly configFile?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The settings that hold: each from the first that has it of flags, environment, file and defaults. Rejects with a
 * {@link ConfigError} that names what is wrong; something unknown is wrong, too.
 */
export async function loadSettings({ flags, configFile, env }: SettingSources): Promise<AgentSettings> {
  const path = configFile ?? env[CONFIG_VARIABLE];
  const fromFile = path === undefined || path === '' ? {} : await readConfigFile(path);
  const defaults = Object.fromEntries(SETTING_KEYS.map((key) => [key, SETTING_RULES[key].default]));
  // The rules have checked each value's type.
  const settings = {
    ...defaults,
    ...fromFile,
    ...readEnvironment(env),
    ...flags,
  } as unknown as AgentSettings;
  checkTogether(settings);
  return settings;
}

/** What the variables `QUAYWATCH_AGENT_…` set; empty ones set nothing. Throws a {@link ConfigError}. */
export function readEnvironment(env: SettingSources['env']): PartialSettings {
  const keys = new Map<string, SettingKey>(SETTING_KEYS.map((key) => [variableOf(key), key]));
  const settings: PartialSettings = {};
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(ENVIRONMENT_PREFIX) || name === CONFIG_VARIABLE || text === undefined) continue;
    const key = keys.get(name);
    if (key === undefined) throw new ConfigError(`There is no setting for the environment variable ${name}`);
    if (text !== '') settings[key] = settingFromText(key, text, `environment variable ${name}`);
  }
  return settings;
}

function checkTogether({ cert, key, plain, insecurePlain, host }: AgentSettings): void {
  if ((cert === '') !== (key === '')) {
    throw new ConfigError(`${flagOf('cert')} and ${flagOf('key')} go together: one of them is missing`);
  }
  if (cert !== '' && (plain || insecurePlain)) {
    throw new ConfigError(`${flagOf('cert')} makes no sense without TLS`);
  }
  if (plain && !insecurePlain && !isLoopback(host)) {
    throw new ConfigError(
      `${flagOf('plain')} needs a loopback address, such as ${flagOf('host')} 127.0.0.1, and not ${host}. ` +
        `${flagOf('insecurePlain')} would serve without TLS on any address`,
    );
  }
}

/** Only addresses: what a name leads to is somebody else's decision. `localhost` is the exception that all systems make. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
