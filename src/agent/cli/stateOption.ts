import { ENVIRONMENT_PREFIX } from '../config/settings';
import { defaultStateFolder, StateFolder, thisPlace } from '../state/stateFolder';
import type { CliIo } from './io';

export const STATE_FLAG = '--state <folder>';
export const STATE_HELP = `the agent's state folder (default: ${defaultStateFolder(thisPlace())})`;

/** The folder that an option or else the environment names, or the usual one. */
export function stateFolder(option: string | undefined, { env }: CliIo): StateFolder {
  const named = option ?? env[`${ENVIRONMENT_PREFIX}STATE`] ?? '';
  return new StateFolder(named === '' ? defaultStateFolder(thisPlace()) : named);
}
