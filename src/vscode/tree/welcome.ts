import type { EngineErrorCode } from '../../engine/engine';
import { lastFailure, type Host } from '../hosts/host';

/** Which welcome text stands in an empty view; matched in package.json as `quaywatch.welcome`. */
export const WELCOMES = [
  'none',
  'untrusted',
  'connecting',
  'engineNotFound',
  'permissionDenied',
  'unreachable',
  'failed',
] as const;

export type Welcome = (typeof WELCOMES)[number];

/** The text for hosts of which nothing is known yet. Once there is anything to show, there is no welcome. */
export function welcomeFor(hosts: readonly Host[], isTrusted: boolean): Welcome {
  if (hosts.some(({ engine }) => engine.containers !== undefined)) return 'none';
  if (!isTrusted) return 'untrusted';
  const failure = hosts.map(lastFailure).find((error) => error !== undefined);
  return failure === undefined ? 'connecting' : welcomeForCode(failure.code);
}

function welcomeForCode(code: EngineErrorCode): Welcome {
  switch (code) {
    case 'engineNotFound':
    case 'permissionDenied':
      return code;
    case 'unreachable':
    case 'timeout':
    case 'connectionLost':
      return 'unreachable';
    default:
      return 'failed';
  }
}
