import { hostname } from 'node:os';
import type { Command } from 'commander';
import { loadSettings } from '../config/loadSettings';
import type { PartialSettings } from '../config/configFile';
import { readRunning, type RunningAgentInfo } from '../serve/running';
import {
  displayFingerprint,
  formatPairingLink,
  formatVSCodeLink,
  type PairingSecurity,
  type Token,
} from '../../protocol/pairingLink';
import type { StateFolder } from '../state/stateFolder';
import { loadTlsMaterial } from '../tls/certificate';
import { formatAddress, parseAddress, type PublicAddress } from './arguments';
import { initialize } from './initialize';
import type { CliIo } from './io';
import { STATE_FLAG, STATE_HELP, stateFolder } from './stateOption';
import { addToken, addTokenOptions, describeToken, requestFrom, type TokenOptions } from './tokenCommands';

interface PairOptions extends TokenOptions {
  readonly address?: PublicAddress;
  readonly config?: string;
  readonly hostName?: string;
}

type InitOptions = Omit<PairOptions, 'address'> & { readonly address?: readonly PublicAddress[] };

const ADDRESS_FLAG = '--address <host[:port]>';

export function registerPairCommands(program: Command, io: CliIo): void {
  addTokenOptions(program.command('init'), 'admin')
    .description(
      'make key, certificate and a first token, and print the link that pairs VS Code with this agent',
    )
    .option(
      ADDRESS_FLAG,
      `how clients reach this machine (default: ${hostname()}); the first is put into links, all into the certificate; repeatable`,
      (text, earlier: readonly PublicAddress[] | undefined) => [...(earlier ?? []), parseAddress(text)],
    )
    .option('--host-name <name>', 'what VS Code should call this host (default: its address)')
    .option('--config <file>', 'the file that "serve" will use')
    .action((options: InitOptions) => init(options, io));
  addTokenOptions(program.command('pair'), 'admin')
    .description('make a token and print a link that pairs another VS Code with this agent')
    .option(ADDRESS_FLAG, 'how clients reach this machine (default: as it was told to "init")', parseAddress)
    .option('--host-name <name>', 'what VS Code should call this host (default: its address)')
    .option('--config <file>', 'the file that "serve" uses')
    .action((options: PairOptions) => pair(options, io));
  program
    .command('fingerprint')
    .description("print the fingerprint of the certificate's public key, to compare with what VS Code shows")
    .option(STATE_FLAG, STATE_HELP)
    .action(async (options: { state?: string }) => {
      const { fingerprint } = await loadTlsMaterial(stateFolder(options.state, io), new Date());
      io.out(displayFingerprint(fingerprint));
    });
}

async function init({ address: addresses = [], ...options }: InitOptions, io: CliIo): Promise<void> {
  const state = stateFolder(options.state, io);
  const identity = await initialize(state, addresses, new Date());
  if (addresses.length === 0) {
    io.err(
      `The link names this machine "${identity.address}"; use --address if clients know it by another name.`,
    );
  }
  await pair(options, io);
  io.err('Now start the agent: quaywatch-agent serve');
}

async function pair(options: PairOptions, io: CliIo): Promise<void> {
  const state = stateFolder(options.state, io);
  const identity = await state.requireIdentity();
  const target = await targetOf(state, options, io);
  const { stored, token } = await addToken(
    state,
    requestFrom(options, `paired ${new Date().toISOString().slice(0, 10)}`),
  );
  const address = options.address ?? parseAddress(identity.address);
  io.err(`Token ${stored.id} "${stored.name}": ${describeToken(stored)}.`);
  io.err('Whoever has this link has its rights. Paste it into "Quaywatch: Add Host…":');
  printLinks(io, token, { port: target.port, ...address }, target.security, options.hostName ?? address.host);
}

function printLinks(
  io: CliIo,
  token: Token,
  address: Required<PublicAddress>,
  security: PairingSecurity,
  name: string,
): void {
  const pairing = { ...address, token, security, name };
  io.out(formatPairingLink(pairing));
  io.err(`Or open this one: ${formatVSCodeLink(pairing)}`);
  io.err(`It connects to ${formatAddress(address)}${security.kind === 'plain' ? ' WITHOUT TLS' : ''}.`);
  if (security.kind === 'pinned')
    io.err(`VS Code will show the fingerprint ${displayFingerprint(security.key)}`);
}

interface Target {
  readonly port: number;
  readonly security: PairingSecurity;
}

/** What clients meet: what the running agent says, or else what the settings say. */
async function targetOf(state: StateFolder, { config }: PairOptions, io: CliIo): Promise<Target> {
  const running = await readRunning(state.runningFile);
  if (running !== undefined) {
    return { port: running.port, security: await securityOf(running.security, state) };
  }
  const flags: PartialSettings = {};
  const settings = await loadSettings({
    flags,
    env: io.env,
    ...(config !== undefined && { configFile: config }),
  });
  const isPlain = settings.plain || settings.insecurePlain;
  const security = await securityOf(isPlain ? 'plain' : settings.cert === '' ? 'own' : 'given', state);
  return { port: settings.port, security };
}

/** Our own certificate is pinned; one that was given is checked as browsers do. */
async function securityOf(kind: RunningAgentInfo['security'], state: StateFolder): Promise<PairingSecurity> {
  if (kind === 'plain') return { kind };
  if (kind === 'given') return { kind: 'checked' };
  const { fingerprint } = await loadTlsMaterial(state, new Date());
  return { kind: 'pinned', key: fingerprint };
}
