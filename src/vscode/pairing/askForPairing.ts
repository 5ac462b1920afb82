import * as vscode from 'vscode';
import type { Pairing, Token } from '../../protocol/pairingLink';
import { formatAddress, isHostName, parseTypedAddress } from '../hosts/remoteHostConfig';
import type { LookAtCertificate } from '../hosts/remoteAccess';
import type { Dialogs } from './dialogs';
import { endpointInWords, judgeLink, judgeToken, readLink, readToken } from './draft';

export interface AskingParts {
  readonly dialogs: Dialogs;
  readonly lookAtCertificate: LookAtCertificate;
}

interface WayItem extends vscode.QuickPickItem {
  readonly ask: () => Pairing | undefined | Promise<Pairing | undefined>;
}

/** Asks how to reach an agent: by its pairing link, or step by step. `undefined` when the person left. */
export async function askForPairing(title: string, parts: AskingParts): Promise<Pairing | undefined> {
  const copied = readLink(await parts.dialogs.clipboard());
  const items: WayItem[] = [
    ...(copied === undefined ? [] : [copiedItem(copied)]),
    {
      label: vscode.l10n.t('Paste a Pairing Link…'),
      description: vscode.l10n.t('“quaywatch-agent pair” on the server prints one'),
      iconPath: new vscode.ThemeIcon('link'),
      ask: () => askForLink(title, parts.dialogs),
    },
    {
      label: vscode.l10n.t('Type Address and Token…'),
      iconPath: new vscode.ThemeIcon('edit'),
      ask: () => askStepByStep(title, parts),
    },
  ];
  const placeHolder = vscode.l10n.t('How is the agent reached?');
  return (await parts.dialogs.pick(items, { title, placeHolder }))?.ask();
}

function copiedItem(pairing: Pairing): WayItem {
  return {
    label: vscode.l10n.t('Use the Link in the Clipboard'),
    description: formatAddress(pairing),
    iconPath: new vscode.ThemeIcon('clippy'),
    ask: () => pairing,
  };
}

async function askForLink(title: string, dialogs: Dialogs): Promise<Pairing | undefined> {
  const prompt = vscode.l10n.t('The pairing link of the agent');
  const link = await dialogs.input({
    title,
    prompt,
    placeHolder: 'quaywatch://…',
    isSecret: true,
    judge: judgeLink,
  });
  return link === undefined ? undefined : readLink(link);
}

async function askStepByStep(title: string, parts: AskingParts): Promise<Pairing | undefined> {
  const endpoint = await askForEndpoint(title, parts);
  const token = endpoint && (await askForToken(title, parts.dialogs));
  if (endpoint === undefined || token === undefined) return undefined;
  // Whoever pastes the whole link after all means it.
  if ('host' in token) return token;
  const name = await askForName(title, parts.dialogs, endpoint.host);
  return name === undefined ? undefined : { ...endpoint, token, name };
}

export type PairingEndpoint = Pick<Pairing, 'host' | 'port' | 'security'>;

/** Asks for an address, and finds out how the agent there is to be known. */
export async function askForEndpoint(
  title: string,
  { dialogs, lookAtCertificate }: AskingParts,
  value?: string,
): Promise<PairingEndpoint | undefined> {
  const typed = await dialogs.input({
    title,
    prompt: vscode.l10n.t('The address of the agent, with its port if that is not 7443'),
    placeHolder: 'build.example.com:7443',
    ...(value !== undefined && { value }),
    judge: (text) => {
      if (parseTypedAddress(text) !== undefined) return undefined;
      return { isWrong: vscode.l10n.t('This is no address: type a name or an IP address, and a port.') };
    },
  });
  const address = typed === undefined ? undefined : parseTypedAddress(typed);
  if (address === undefined) return undefined;
  const { host, port, isPlain } = address;
  if (isPlain) return { host, port, security: { kind: 'plain' } };
  const progress = vscode.l10n.t('Looking at the certificate of {0}', formatAddress(address));
  const seen = await dialogs.progress(progress, async (signal) => {
    const certificate = await lookAtCertificate({ host, port }, signal);
    return signal.aborted ? undefined : certificate;
  });
  if (seen === undefined) return undefined;
  const security = seen.isTrusted
    ? ({ kind: 'checked' } as const)
    : ({ kind: 'pinned', key: seen.key } as const);
  return { host, port, security };
}

/** Takes a token, or a pairing link in its place. */
export async function askForToken(title: string, dialogs: Dialogs): Promise<Token | Pairing | undefined> {
  const typed = await dialogs.input({
    title,
    prompt: vscode.l10n.t('The token, or a new pairing link of the agent'),
    isSecret: true,
    judge: (text) => {
      const pairing = readLink(text);
      return pairing ? { means: endpointInWords(pairing) } : judgeToken(text);
    },
  });
  return typed === undefined ? undefined : (readLink(typed) ?? readToken(typed));
}

export async function askForName(
  title: string,
  dialogs: Dialogs,
  value: string,
): Promise<string | undefined> {
  const name = await dialogs.input({
    title,
    prompt: vscode.l10n.t('What to call the host'),
    value,
    judge: (text) =>
      isHostName(text) ? undefined : { isWrong: vscode.l10n.t('A name has 1 to 100 characters.') },
  });
  return name === undefined || !isHostName(name) ? undefined : name.trim();
}
