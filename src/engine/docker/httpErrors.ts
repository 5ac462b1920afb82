import type { EngineErrorCode } from '../engine';
import type { Explanation } from './explanation';

/** Podman answers these with status 500, and names the root of the error in a field of its own. */
const PODMAN_CAUSES: ReadonlyMap<unknown, EngineErrorCode> = new Map([
  ['container state improper', 'conflict'],
  ['this container is not logging output', 'notSupported'],
]);

/** What a `cause` in the answer means; `undefined` where the status says it. */
export function codeOfPodmanCause(cause: unknown): EngineErrorCode | undefined {
  return PODMAN_CAUSES.get(cause);
}

/**
 * Explains an answer of the engine that refuses or fails.
 *
 * @param message what the engine said, as a sentence
 * @param reason what the route's documentation says of this status, as dockerode knows it
 */
export function explainStatus(statusCode: number, message: string, reason: unknown): Explanation {
  switch (statusCode) {
    case 304:
    case 409:
      return { code: 'conflict', text: message };
    case 401:
    case 403:
      return {
        code: 'permissionDenied',
        text: `${message} A proxy or an authorization plugin in front of the engine forbids it; ask whoever runs it.`,
      };
    case 404:
      return explainNotFound(message, reason);
    case 501:
      return { code: 'notSupported', text: message };
    case 503:
      if (/swarm/i.test(message)) return { code: 'notSupported', text: message };
      return unavailable(message);
    case 502:
    case 504:
      return unavailable(message);
    default:
      return explainOtherStatus(statusCode, message);
  }
}

/**
 * One status for three things. Routes about containers say so in what dockerode knows of them, but creating one answers
 * it for a missing image too: there the engine's own words decide.
 */
function explainNotFound(message: string, reason: unknown): Explanation {
  if (/page not found/i.test(message))
    return { code: 'notSupported', text: 'this engine does not know the request.' };
  const isAboutOther = /\bno such (?!container)/i.test(message);
  const isAboutContainer = /no such container/i.test(
    `${typeof reason === 'string' ? reason : ''} ${message}`,
  );
  return { code: isAboutContainer && !isAboutOther ? 'noSuchContainer' : 'badRequest', text: message };
}

function unavailable(message: string): Explanation {
  return { code: 'engineFailure', text: `${message} The engine may be starting; try again in a moment.` };
}

function explainOtherStatus(statusCode: number, message: string): Explanation {
  if (statusCode >= 500) return { code: 'engineFailure', text: `${message} The engine's own log says more.` };
  if (statusCode >= 400) return { code: 'badRequest', text: message };
  return {
    code: 'badResponse',
    text: `it answered with HTTP status ${statusCode}, which no engine does here.`,
  };
}
