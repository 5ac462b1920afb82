import { stripVTControlCharacters } from 'node:util';
import { EngineError } from '../engine';
import type { Explanation } from './explanation';

const SHOWN_LINES = 5;
const COMMAND_NOT_FOUND = 127;
const COMMAND_NOT_EXECUTABLE = 126;

/**
 * Why an `ssh` process ended. Its exit status alone says too little (255 stands for every failure of ssh itself), so
 * its words are consulted; ssh does not translate them.
 *
 * @param exitCode `null` when a signal ended ssh, `undefined` when it could not be started
 * @param complaint what it wrote to standard error, or why it could not be started
 * @param wasConnected whether the engine had answered before
 */
export function sshFailure(
  exitCode: number | null | undefined,
  complaint: string,
  wasConnected: boolean,
): EngineError {
  const said = lastLines(complaint);
  const { code, text } = explainSsh(exitCode, said, wasConnected);
  const quoted = said === '' || exitCode === undefined ? '' : ` ssh said: ${said}`;
  return new EngineError(code, `Could not connect through ssh: ${text}${quoted}`);
}

function explainSsh(exitCode: number | null | undefined, said: string, wasConnected: boolean): Explanation {
  if (exitCode === undefined) {
    const text = `\`ssh\` can't be started (${said}). Install the OpenSSH client and put it on PATH.`;
    return { code: 'badEndpoint', text };
  }
  if (wasConnected) return { code: 'connectionLost', text: 'the ssh connection ended.' };
  if (/host key verification failed/i.test(said)) {
    return {
      code: 'permissionDenied',
      text: "the host's key is unknown or has changed. Connect once with `ssh` in a terminal and check the key.",
    };
  }
  if (/permission denied.*(docker daemon|docker API|docker\.sock)/is.test(said)) {
    return {
      code: 'permissionDenied',
      text: 'that user may not use the engine over there. Add the user to the `docker` group on that host.',
    };
  }
  if (/permission denied|too many authentication failures/i.test(said)) {
    return {
      code: 'permissionDenied',
      text: 'the host refused the login. Passwords are not asked for: load your key into an ssh agent.',
    };
  }
  return explainRemote(exitCode);
}

function explainRemote(exitCode: number | null): Explanation {
  if (exitCode === COMMAND_NOT_FOUND || exitCode === COMMAND_NOT_EXECUTABLE) {
    return {
      code: 'engineNotFound',
      text: 'there is no `docker` command on that host. Install Docker there (18.09 or newer).',
    };
  }
  return {
    code: 'unreachable',
    text: 'the engine could not be reached through ssh. Try the same with `ssh` in a terminal.',
  };
}

/** The end of what ssh wrote, where the reason stands, as one line without terminal sequences. */
function lastLines(text: string): string {
  const lines = stripVTControlCharacters(text)
    .split(/[\r\n]+/)
    .map((line) => line.replace(/\p{Cc}/gu, ' ').trim())
    .filter((line) => line !== '');
  return lines.slice(-SHOWN_LINES).join(' | ');
}
