import type { Command } from 'commander';
import { readLastUsed } from '../security/lastUsed';
import type { Role } from '../../protocol/envelope';
import { formatToken, type Token } from '../../protocol/pairingLink';
import { describeScope, type LabelRule } from '../security/scope';
import { isExpired, type StoredToken, type TokenRequest } from '../security/token';
import { mayDo } from '../security/permissions';
import { deployKey, watchKey } from '../security/tokenSecret';
import { TokenStore } from '../security/tokenStore';
import type { StateFolder } from '../state/stateFolder';
import { collectLabel, collectProject, parseExpiry, parseName, parseRole, scopeFrom } from './arguments';
import { UsageError, type CliIo } from './io';
import { withLocalAudit } from './localAudit';
import { STATE_FLAG, STATE_HELP, stateFolder } from './stateOption';
import { formatTable } from './table';

/** The options by which a command describes a new token. */
export interface TokenOptions {
  readonly state?: string;
  readonly role: Role;
  readonly name?: string;
  readonly expires?: Date;
  readonly onlyProject?: readonly string[];
  readonly onlyLabel?: readonly LabelRule[];
}

export function addTokenOptions(command: Command, defaultRole: Role): Command {
  return command
    .option(STATE_FLAG, STATE_HELP)
    .option('--role <role>', 'viewer, operator or admin', parseRole, defaultRole)
    .option('--name <name>', 'what to call the token in lists and logs', parseName)
    .option('--expires <when>', 'a span such as 12h, 30d or 4w, or a date such as 2030-12-31', (text) =>
      parseExpiry(text),
    )
    .option(
      '--only-project <name>',
      'reach only containers of this Compose project; repeatable',
      collectProject,
    )
    .option(
      '--only-label <name=value>',
      'reach only containers with this label, of any value if only its name is given; repeatable; ' +
        'containers that meet any one of these options are reached',
      collectLabel,
    );
}

export function requestFrom(options: TokenOptions, defaultName: string): TokenRequest {
  const scope = scopeFrom(options);
  return {
    name: options.name ?? defaultName,
    role: options.role,
    ...(options.expires && { expiresAt: options.expires }),
    ...(scope && { scope }),
  };
}

/** Adds a token to an agent that was initialised. */
export async function addToken(
  state: StateFolder,
  request: TokenRequest,
): Promise<{ stored: StoredToken; token: Token }> {
  await state.requireIdentity();
  const { name: tokenName, role } = request;
  const added = await withLocalAudit(state, 'tokenAdded', { tokenName, role }, async () => {
    const result = await new TokenStore(state.tokensFolder).add(request, new Date());
    return { result, subject: { tokenId: result.stored.id, tokenName, role } };
  });
  if (!added) throw new Error('Adding a token gave none.');
  return added;
}

export function registerTokenCommands(program: Command, io: CliIo): void {
  const commands = program.command('token').description('add, list and revoke tokens');
  addTokenOptions(commands.command('add'), 'viewer')
    .description('make a token and print it with its watch key, which opens the plain endpoints alone')
    .option('--deploy-key', 'print its deploy key, too, with which pipelines deploy')
    .action(async (options: TokenOptions & { deployKey?: true }) => {
      if (options.deployKey) checkMayDeploy(options);
      const { stored, token } = await addToken(
        stateFolder(options.state, io),
        requestFrom(options, 'unnamed'),
      );
      io.err(
        `Token "${stored.name}": ${describeToken(stored)}. Keep these lines secret; they are not shown again.`,
      );
      io.err('The first is for Quaywatch, the second for the plain endpoints.');
      io.out(formatToken(token));
      io.out(watchKey(token));
      if (!options.deployKey) return;
      io.err('The third is the deploy key, for POST /v1/deployments and nothing else.');
      io.out(deployKey(token));
    });
  commands
    .command('list')
    .description('show the tokens, without their secrets')
    .option(STATE_FLAG, STATE_HELP)
    .option('--json', 'print JSON')
    .action((options: { state?: string; json?: true }) => listTokens(options, io));
  commands
    .command('revoke')
    .description('make tokens worthless; a running agent closes their connections within a second')
    .argument('<id...>', 'the ids that "token list" shows')
    .option(STATE_FLAG, STATE_HELP)
    .action((ids: readonly string[], options: { state?: string }) => revokeTokens(ids, options, io));
}

function checkMayDeploy(options: TokenOptions): void {
  const scope = scopeFrom(options);
  if (mayDo({ role: options.role, ...(scope && { scope }) }, 'deploy')) return;
  throw new UsageError('Only tokens of the role operator or admin, without a scope, have a deploy key.');
}

export function describeToken({ role, scope, expiresAt }: StoredToken): string {
  const expiry = expiresAt === undefined ? 'does not expire' : `expires ${expiresAt}`;
  return `${role}, reaches ${describeScope(scope)}, ${expiry}`;
}

async function listTokens(options: { state?: string; json?: true }, io: CliIo): Promise<void> {
  const state = stateFolder(options.state, io);
  await state.requireIdentity();
  const { tokens, unreadable } = await new TokenStore(state.tokensFolder).list();
  const lastUsed = await readLastUsed(state.lastUsedFile);
  const rows = tokens.map((token) => ({
    id: token.id,
    name: token.name,
    role: token.role,
    reaches: describeScope(token.scope),
    created: token.createdAt,
    expires: token.expiresAt ?? 'never',
    expired: isExpired(token, Date.now()),
    lastUsed: lastUsed.get(token.id) ?? 'never',
  }));
  if (options.json) io.out(JSON.stringify(rows));
  else if (rows.length === 0) io.err('There are no tokens.');
  else {
    const cells = rows.map(({ expired, ...row }) => ({ ...row, expires: expired ? 'expired' : row.expires }));
    for (const line of formatTable(cells)) io.out(line);
  }
  const [first] = unreadable;
  if (first) throw first;
}

async function revokeTokens(ids: readonly string[], options: { state?: string }, io: CliIo): Promise<void> {
  const state = stateFolder(options.state, io);
  await state.requireIdentity();
  const store = new TokenStore(state.tokensFolder);
  const unknown: string[] = [];
  for (const id of ids) {
    const revoke = async () => ((await store.revoke(id)) ? { result: true } : undefined);
    if (await withLocalAudit(state, 'tokenRevoked', { tokenId: idOnly(id) }, revoke))
      io.err(`Revoked ${id}.`);
    else unknown.push(id);
  }
  if (unknown.length > 0)
    throw new UsageError(`There is no token with the id ${unknown.map(idOnly).join(', ')}.`);
}

/** Whoever types a whole token instead of its id does not find its secret on the screen again. */
function idOnly(text: string): string {
  return text.replace(/\..*$/, '.…');
}
