import * as vscode from 'vscode';
import { settings, SECTION } from '../settings';
import {
  readRemoteHosts,
  withHost,
  withoutHost,
  type BadEntry,
  type RemoteHostConfig,
} from './remoteHostConfig';

/** The setting `quaywatch.hosts`: read when needed, written by the commands around hosts. */
export interface HostSettings {
  read(): { readonly hosts: readonly RemoteHostConfig[]; readonly bad: readonly BadEntry[] };
  /** Writes the host into its place, or at the end. Entries that can't be used stay as they are. */
  save(config: RemoteHostConfig): Promise<void>;
  remove(id: string): Promise<void>;
}

const KEY = 'hosts';

export const hostSettings: HostSettings = {
  read: () => readRemoteHosts(settings.hosts()),
  save: (config) => write((value) => withHost(value, config)),
  remove: (id) => write((value) => withoutHost(value, id)),
};

async function write(change: (value: unknown) => unknown[]): Promise<void> {
  const configuration = vscode.workspace.getConfiguration(SECTION);
  const changed = change(configuration.inspect<unknown>(KEY)?.globalValue);
  await configuration.update(
    KEY,
    changed.length === 0 ? undefined : changed,
    vscode.ConfigurationTarget.Global,
  );
}

/** `Entry 2 of “quaywatch.hosts” (build): the address makes no sense.` */
export function badEntryInWords({ position, name, fault }: BadEntry): string {
  const reason = faultInWords(fault);
  if (fault === 'notAList') return reason;
  return name === undefined
    ? vscode.l10n.t('Entry {0} of the setting “quaywatch.hosts” is left out: {1}.', position, reason)
    : vscode.l10n.t(
        'Entry {0} of the setting “quaywatch.hosts” ({1}) is left out: {2}.',
        position,
        name,
        reason,
      );
}

function faultInWords(fault: BadEntry['fault']): string {
  switch (fault) {
    case 'notAList':
      return vscode.l10n.t('The setting “quaywatch.hosts” is no list.');
    case 'notAnObject':
      return vscode.l10n.t('it is no object with “id”, “name” and “address”');
    case 'badId':
      return vscode.l10n.t('“id” must have 1 to 64 letters, digits, “_” or “-”, and not be “local”');
    case 'repeatedId':
      return vscode.l10n.t('another entry before it has the same “id”');
    case 'badName':
      return vscode.l10n.t('“name” must have 1 to 100 characters');
    case 'badAddress':
      return vscode.l10n.t('“address” must be like “build.example.com:7443”');
    case 'badKey':
      return vscode.l10n.t('“key” is no fingerprint of 43 characters');
    case 'keyAndPlain':
      return vscode.l10n.t('“key” and “plain” exclude each other');
  }
}
