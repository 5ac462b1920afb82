import type { ContainerEngine } from '../../src/engine/engine';
import type { Pairing } from '../../src/protocol/pairingLink';
import { eventually } from '../support/eventually';
import { openRemoteEngine } from '../support/pairedAgent';
import { rounded } from './statistics';

const BYTES_PER_MEGABYTE = 1e6;

export async function ready(pairing: Pairing): Promise<ContainerEngine> {
  const engine = openRemoteEngine(pairing);
  engine.connect();
  await eventually('connected', () => engine.connection.kind === 'ready');
  return engine;
}

export function megabytes(bytes: number): number {
  return rounded(bytes / BYTES_PER_MEGABYTE);
}
