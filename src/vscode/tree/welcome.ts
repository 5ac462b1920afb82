import { isDisconnected, type Host } from '../hosts/host';
import { troubleOf } from '../hosts/trouble';

/** Which welcome text stands in an empty view; matched in package.json as `quaywatch.welcome`. */
export const WELCOMES = [
  'none',
  'untrusted',
  'noHosts',
  'connecting',
  'engineNotFound',
  'permissionDenied',
  'unreachable',
  'failed',
] as const;

export type Welcome = (typeof WELCOMES)[number];

/**
 * Whether a welcome text stands in the place of the tree: where hosts may not be connected, and for this machine alone as
 * long as nothing is known of it. Several hosts have a row each, and remote ones always have; it says how they are.
 */
export function hasWelcome(hosts: readonly Host[], isTrusted: boolean): boolean {
  if (hosts.some(({ engine }) => engine.containers !== undefined)) return false;
  const [only] = hosts;
  return !isTrusted || only === undefined || (hosts.length === 1 && !only.remote && !isDisconnected(only));
}

export function welcomeFor(hosts: readonly Host[], isTrusted: boolean): Welcome {
  if (!hasWelcome(hosts, isTrusted)) return 'none';
  if (!isTrusted) return 'untrusted';
  const [local] = hosts;
  if (local === undefined) return 'noHosts';
  switch (troubleOf(local)?.kind) {
    case undefined:
      return 'connecting';
    case 'engineNotFound':
      return 'engineNotFound';
    case 'permissionDenied':
      return 'permissionDenied';
    case 'unreachable':
      return 'unreachable';
    default:
      return 'failed';
  }
}
