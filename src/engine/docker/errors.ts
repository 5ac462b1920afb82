import { messageOf } from '../../base/errors';
import { EngineError } from '../engine';
import { fieldOf, type Explanation } from './explanation';
import { codeOfPodmanCause, explainStatus } from './httpErrors';
import { explainSystemCode } from './systemErrors';

/**
 * Makes an {@link EngineError} of whatever Node, docker-modem or ssh threw; an EngineError stays as it is. The message
 * says what happened and what to do, and holds no credentials.
 *
 * @param doing what could not be done, as in "Could not `list the containers`"
 */
export function toEngineError(error: unknown, doing: string): EngineError {
  if (error instanceof EngineError) return error;
  const { code, text } = explain(error);
  return new EngineError(code, `Could not ${doing}: ${withoutCredentials(text)}`, { cause: error });
}

/** Takes user names and passwords out of URLs; of `ssh://` only passwords, since its user is part of the address. */
export function withoutCredentials(text: string): string {
  return text
    .replace(/\bssh:\/\/([^\s:@/]*):[^\s]*@/gi, 'ssh://$1:…@')
    .replace(/\b(?!ssh:)([a-z][a-z0-9+.-]*):\/\/[^\s]*@/gi, '$1://…@')
    .replace(/^[^\s/]*@/, '…@')
    .replace(/\?[^\s"]*=[^\s"]*/g, '?…');
}

function explain(error: unknown): Explanation {
  const statusCode = fieldOf(error, 'statusCode');
  if (typeof statusCode === 'number') {
    const podmanCode = codeOfPodmanCause(rootCause(error));
    return podmanCode
      ? { code: podmanCode, text: engineMessage(error) }
      : explainStatus(statusCode, engineMessage(error), fieldOf(error, 'reason'));
  }
  const aborted = explainAbort(error);
  if (aborted !== undefined) return aborted;
  const systemCode = fieldOf(error, 'code') ?? fieldOf(fieldOf(error, 'cause'), 'code');
  if (typeof systemCode === 'string') {
    const explanation = explainSystemCode(systemCode, error);
    if (explanation !== undefined) return explanation;
  }
  return { code: 'connectionLost', text: sentence(messageOf(error) || 'the connection failed') };
}

/** An abort by deadline is a timeout; any other is somebody's wish, which callers notice by their own signal. */
function explainAbort(error: unknown): Explanation | undefined {
  const name = fieldOf(error, 'name');
  const cause = fieldOf(error, 'cause');
  if (name === 'TimeoutError' || (name === 'AbortError' && fieldOf(cause, 'name') === 'TimeoutError')) {
    return {
      code: 'timeout',
      text: 'the engine did not answer in time. See whether it is overloaded, then try again.',
    };
  }
  if (name !== 'AbortError') return undefined;
  if (cause instanceof EngineError) return { code: cause.code, text: cause.message };
  return { code: 'connectionLost', text: 'it was cancelled.' };
}

/** What the engine itself said; docker-modem wraps that in a text of its own. */
function engineMessage(error: unknown): string {
  const message = fieldOf(fieldOf(error, 'json'), 'message');
  if (typeof message === 'string' && message !== '') return sentence(message);
  return sentence(messageOf(error).replace(/^\(HTTP code \d+\) (?:unexpected - )?/, ''));
}

/** Podman names it in a field, which docker-modem drops where a stream was asked for; messages end with it too. */
function rootCause(error: unknown): unknown {
  return fieldOf(fieldOf(error, 'json'), 'cause') ?? messageOf(error).trim().split(': ').at(-1);
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
