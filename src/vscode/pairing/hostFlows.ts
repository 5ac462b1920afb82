import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { oneLine } from '../../model/format';
import { displayFingerprint, type Pairing, type Token } from '../../protocol/pairingLink';
import type { Host } from '../hosts/host';
import { UntrustedWorkspaceError } from '../hosts/hostConnector';
import type { HostSettings } from '../hosts/hostSettings';
import type { HostTokens } from '../hosts/hostTokens';
import {
  formatAddress,
  isSameEndpoint,
  isSameMachine,
  type RemoteHostConfig,
} from '../hosts/remoteHostConfig';
import {
  askForEndpoint,
  askForName,
  askForPairing,
  askForToken,
  type AskingParts,
  type PairingEndpoint,
} from './askForPairing';
import { confirmationDetail, suggestedName } from './draft';
import { isTested, type TestingParts } from './testedHost';

export interface HostFlowParts extends AskingParts, TestingParts {
  readonly settings: HostSettings;
  readonly tokens: HostTokens;
  readonly isTrusted: () => boolean;
  readonly isConnected: (id: string) => boolean;
  /** The token of a connected host is another one now. */
  readonly renewed: (id: string) => void;
  /** Shows a host that was just added. */
  readonly added: (id: string) => void;
}

const ID_BYTES = 6;

/** What people do with remote hosts: add, rename, change, remove. Nothing is stored before it was confirmed and tried. */
export class HostFlows {
  constructor(private readonly parts: HostFlowParts) {}

  async add(): Promise<void> {
    this.requireTrust();
    const pairing = await askForPairing(vscode.l10n.t('Add Host'), this.parts);
    if (pairing !== undefined) await this.addPaired(pairing);
  }

  /** Adds the host of a pairing link, after asking; one that is there already gets the link's token and certificate. */
  async addPaired(pairing: Pairing): Promise<void> {
    this.requireTrust();
    const known = this.parts.settings.read().hosts.find((config) => isSameMachine(config, pairing));
    const id = known?.id ?? newHostId();
    const name = known?.name ?? suggestedName(pairing);
    if (!(await this.confirmAdding(pairing, name, known !== undefined))) return;
    if (!(await isTested(pairing, this.parts))) return;
    await this.save({ id, name, ...endpointOf(pairing) }, pairing.token);
    this.parts.added(id);
  }

  async rename({ id, name }: Host): Promise<void> {
    const config = this.configOf(id);
    if (config === undefined) return;
    const title = vscode.l10n.t('Rename {0}', oneLine(name, 80));
    const newName = await askForName(title, this.parts.dialogs, name);
    if (newName !== undefined && newName !== name)
      await this.parts.settings.save({ ...config, name: newName });
  }

  /** Asks what to change, and changes it. */
  async edit(host: Host): Promise<void> {
    const { dialogs } = this.parts;
    const items = [
      {
        label: vscode.l10n.t('New Token or Pairing Link…'),
        iconPath: new vscode.ThemeIcon('key'),
        run: () => this.enterToken(host),
      },
      {
        label: vscode.l10n.t('New Address…'),
        iconPath: new vscode.ThemeIcon('globe'),
        run: () => this.changeAddress(host),
      },
      {
        label: vscode.l10n.t('New Name…'),
        iconPath: new vscode.ThemeIcon('edit'),
        run: () => this.rename(host),
      },
    ];
    const title = vscode.l10n.t('Edit {0}', oneLine(host.name, 80));
    await (await dialogs.pick(items, { title, placeHolder: vscode.l10n.t('What to change?') }))?.run();
  }

  /** A pairing link in the token's place also brings its address and certificate. */
  async enterToken({ id, name }: Host): Promise<void> {
    this.requireTrust();
    const config = this.configOf(id);
    if (config === undefined) return;
    const title = vscode.l10n.t('New Token for {0}', oneLine(name, 80));
    const answer = await askForToken(title, this.parts.dialogs);
    if (answer === undefined) return;
    const pairing = 'host' in answer ? answer : { ...endpointOf(config), token: answer };
    if (!isSameEndpoint(pairing, config) && !(await this.confirmAdding(pairing, name, true))) return;
    await this.saveTested({ ...config, ...endpointOf(pairing) }, pairing.token);
  }

  /** Shows the old and the new certificate; the host gets the new one if the person says so. */
  async trustCertificate({ id, name }: Host): Promise<void> {
    this.requireTrust();
    const config = this.configOf(id);
    if (config === undefined || config.security.kind === 'plain') return;
    const seen = await this.lookAt(config);
    if (seen === undefined) return;
    const before = config.security.kind === 'pinned' ? config.security.key : undefined;
    const question = vscode.l10n.t('Trust the new certificate of {0}?', oneLine(name, 80));
    const trust = vscode.l10n.t('Trust New Certificate');
    if (!(await this.parts.dialogs.confirm(question, certificateDetail(config, before, seen), trust))) return;
    await this.parts.settings.save({ ...config, security: { kind: 'pinned', key: seen } });
  }

  async remove({ id, name }: Host): Promise<void> {
    const question = vscode.l10n.t('Remove the host {0}?', oneLine(name, 80));
    const detail = vscode.l10n.t(
      'Its containers stay as they are; Quaywatch only forgets how to reach them. The token is deleted here, and stays valid until it is revoked on the server.',
    );
    if (!(await this.parts.dialogs.confirm(question, detail, vscode.l10n.t('Remove Host')))) return;
    await this.parts.settings.remove(id);
    await this.parts.tokens.delete(id);
  }

  private async changeAddress({ id, name }: Host): Promise<void> {
    this.requireTrust();
    const config = this.configOf(id);
    if (config === undefined) return;
    const title = vscode.l10n.t('New Address of {0}', oneLine(name, 80));
    const endpoint = await askForEndpoint(title, this.parts, formatAddress(config));
    if (endpoint === undefined) return;
    const token = await this.tokenOf(id, title);
    if (token === undefined) return;
    const pairing = { ...endpoint, token };
    if (!isSameEndpoint(pairing, config) && !(await this.confirmAdding(pairing, name, true))) return;
    await this.saveTested({ ...config, ...endpointOf(pairing) }, token);
  }

  private async tokenOf(id: string, title: string): Promise<Token | undefined> {
    const known = await this.parts.tokens.get(id);
    if (known !== undefined) return known;
    const answer = await askForToken(title, this.parts.dialogs);
    return answer !== undefined && 'host' in answer ? answer.token : answer;
  }

  private async lookAt({ host, port }: RemoteHostConfig): Promise<string | undefined> {
    const title = vscode.l10n.t('Looking at the certificate of {0}', formatAddress({ host, port }));
    return this.parts.dialogs.progress(title, async (signal) => {
      const { key } = await this.parts.lookAtCertificate({ host, port }, signal);
      return signal.aborted ? undefined : key;
    });
  }

  private confirmAdding(pairing: Pairing, name: string, isKnown: boolean): Promise<boolean> {
    const shown = oneLine(name, 80);
    const question = isKnown
      ? vscode.l10n.t('Change how the host {0} is reached?', shown)
      : vscode.l10n.t('Add the host {0}?', shown);
    const action = isKnown ? vscode.l10n.t('Change Host') : vscode.l10n.t('Add Host');
    return this.parts.dialogs.confirm(question, confirmationDetail(pairing), action);
  }

  private async saveTested(config: RemoteHostConfig, token: Token): Promise<void> {
    if (await isTested({ ...endpointOf(config), token }, this.parts)) await this.save(config, token);
  }

  /** The token first: the host connects as soon as the settings name it. */
  private async save(config: RemoteHostConfig, token: Token): Promise<void> {
    const isNew = JSON.stringify(await this.parts.tokens.get(config.id)) !== JSON.stringify(token);
    // What is not connected takes the new token by itself, and its tails go on.
    const isRenewed = isNew && this.parts.isConnected(config.id);
    await this.parts.tokens.store(config.id, token);
    await this.parts.settings.save(config);
    if (isRenewed) this.parts.renewed(config.id);
  }

  private configOf(id: string): RemoteHostConfig | undefined {
    return this.parts.settings.read().hosts.find((config) => config.id === id);
  }

  private requireTrust(): void {
    if (!this.parts.isTrusted()) throw new UntrustedWorkspaceError('The workspace is not trusted');
  }
}

function endpointOf({ host, port, security }: PairingEndpoint): PairingEndpoint {
  return { host, port, security };
}

function certificateDetail(config: RemoteHostConfig, before: string | undefined, seen: string): string {
  return [
    vscode.l10n.t('Address: {0}', formatAddress(config)),
    vscode.l10n.t(
      'Before: {0}',
      before === undefined ? vscode.l10n.t('checked as browsers do') : displayFingerprint(before),
    ),
    vscode.l10n.t('Now: {0}', displayFingerprint(seen)),
    '',
    vscode.l10n.t(
      'If nobody set the agent up anew, somebody may stand between. “quaywatch-agent fingerprint” on the server shows its fingerprint.',
    ),
  ].join('\n');
}

function newHostId(): string {
  return randomBytes(ID_BYTES).toString('hex');
}
