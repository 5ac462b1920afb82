import { InvalidArgumentError, Option, type Command } from 'commander';
import { ConfigError, settingFromText } from '../config/readSetting';
import type { PartialSettings } from '../config/configFile';
import { isLoopback, loadSettings } from '../config/loadSettings';
import {
  flagOf,
  SETTING_KEYS,
  SETTING_RULES,
  variableOf,
  type AgentSettings,
  type SettingKey,
  type SettingValue,
} from '../config/settings';
import { createLogger, standardOutput, type AgentLogger } from '../serve/logger';
import { openDeployments } from '../serve/openDeployments';
import { attachSockets } from '../serve/sockets';
import { ProcessSignals } from '../serve/signals';
import { startAgent } from '../serve/startAgent';
import type { StateFolder } from '../state/stateFolder';
import { initialize } from './initialize';
import type { CliIo } from './io';
import { stateFolder } from './stateOption';

const PRECEDENCE_HELP = `
Each setting is taken from the first that has it:
  1. a flag, as above
  2. an environment variable: ${variableOf('port')}, ${variableOf('allowOrigins')} (with commas), …
  3. the YAML file of --config or QUAYWATCH_AGENT_CONFIG: "port: 7443", "allowOrigins: [https://…]", …
  4. its default
What is unknown or of the wrong type is an error, wherever it stands.

Signals: SIGTERM and SIGINT end the agent in order, a second one at once; SIGHUP reads the certificate again.`;

export function registerServeCommand(program: Command, io: CliIo): void {
  const command = program
    .command('serve')
    .description('serve the Docker engine of this machine to paired clients')
    .option('--config <file>', 'a YAML file with settings')
    .addHelpText('after', PRECEDENCE_HELP);
  for (const key of SETTING_KEYS) command.addOption(optionFor(key));
  command.action((options: Record<string, unknown>) => serve(options, io));
}

function optionFor(key: SettingKey): Option {
  const rule = SETTING_RULES[key];
  const { description } = rule;
  const flag = flagOf(key);
  if (rule.kind === 'switch') return new Option(flag, description);
  const shownDefault =
    rule.kind === 'integer' || rule.default !== '' ? ` (default: ${String(rule.default)})` : '';
  const text = rule.kind === 'list' ? description : description + shownDefault;
  if (rule.kind === 'choice')
    return new Option(`${flag} <${rule.choices.join('|')}>`, text).argParser(parserFor(key));
  return new Option(`${flag} <${rule.placeholder}>`, text).argParser(parserFor(key));
}

function parserFor(key: SettingKey): (text: string, earlier: unknown) => SettingValue {
  return (text, earlier) => {
    try {
      const value = settingFromText(key, text, flagOf(key));
      return Array.isArray(value) && Array.isArray(earlier) ? (earlier as string[]).concat(value) : value;
    } catch (error) {
      // Commander names the flag itself.
      if (!(error instanceof ConfigError)) throw error;
      throw new InvalidArgumentError(error.message.replace(`${flagOf(key)}: `, 'It '));
    }
  };
}

async function serve(options: Record<string, unknown>, io: CliIo): Promise<void> {
  const { config } = options;
  const settings = await loadSettings({
    flags: flagsFrom(options),
    env: io.env,
    ...(typeof config === 'string' && { configFile: config }),
  });
  const state = stateFolder(settings.state === '' ? undefined : settings.state, io);
  if (settings.init) await initializeIfNew(state, io);
  const identity = await state.requireIdentity();
  const signals = new ProcessSignals();
  const output = standardOutput();
  const log = createLogger(settings.logLevel, output);
  const agent = await startAgent({
    settings,
    state,
    identity,
    version: io.version,
    log,
    attach: attachSockets,
    openDeployments,
  });
  signals.onReload(() => void agent.reloadCertificate());
  announce(settings, agent.info, log);
  log.info({ signal: await signals.stopRequested }, 'Shutting down.');
  await agent.stop();
  log.info('The agent has ended.');
  output.flushSync();
}

/** Commander calls an option by its flag's words: `allowOrigin` is the setting `allowOrigins`. */
function flagsFrom(options: Record<string, unknown>): PartialSettings {
  const flags: PartialSettings = {};
  for (const key of SETTING_KEYS) {
    const name = flagOf(key)
      .slice(2)
      .replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
    const value = options[name];
    if (value !== undefined) flags[key] = value as SettingValue;
  }
  return flags;
}

async function initializeIfNew(state: StateFolder, io: CliIo): Promise<void> {
  await state.create();
  if ((await state.readIdentity()) !== undefined) return;
  await initialize(state, [], new Date());
  io.err(
    'Key and certificate were made. For a link: quaywatch-agent pair --address <how clients reach this machine>',
  );
}

function announce(
  settings: AgentSettings,
  info: { port: number; fingerprint: string },
  log: AgentLogger,
): void {
  const { host } = settings;
  const isPlain = settings.plain || settings.insecurePlain;
  if (settings.insecurePlain && !isLoopback(host)) {
    log.warn(
      { host },
      'SERVING WITHOUT TLS: everybody between here and the clients can read logs and take over sessions. Remove --insecure-plain.',
    );
  }
  const fields = { host, port: info.port, tls: !isPlain, ...(!isPlain && { fingerprint: info.fingerprint }) };
  log.info(fields, 'The agent serves.');
}
