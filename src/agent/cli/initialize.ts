import { hostname } from 'node:os';
import { existsSync } from 'node:fs';
import { StateError } from '../state/stateError';
import type { AgentIdentity, StateFolder } from '../state/stateFolder';
import { createCertificateFiles, loadTlsMaterial } from '../tls/certificate';
import { formatAddress, type PublicAddress } from './arguments';

const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1'];

/**
 * Makes an agent of a folder: its key, certificate and identity. Where there is one already it rejects with a
 * {@link StateError}. What an interrupted try left is used and completed; nothing is replaced.
 */
export async function initialize(
  state: StateFolder,
  addresses: readonly PublicAddress[],
  now: Date,
): Promise<AgentIdentity> {
  await state.create();
  if ((await state.readIdentity()) !== undefined) {
    const help = 'Run "quaywatch-agent pair" for a new link';
    throw new StateError(state.path, 'it is the state folder of an agent already', help);
  }
  const [address = { host: hostname() }] = addresses;
  const isCertificateThere = existsSync(state.keyFile) || existsSync(state.certificateFile);
  if (!isCertificateThere) {
    const names = new Set([address.host, ...addresses.map(({ host }) => host), hostname(), ...LOCAL_NAMES]);
    await createCertificateFiles(state, [...names], now);
  }
  await loadTlsMaterial(state, now);
  return state.writeIdentity(formatAddress(address), now);
}
