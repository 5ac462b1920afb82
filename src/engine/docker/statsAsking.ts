import { connect, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { deferred } from '../../base/async';
import type { Clock } from '../../base/clock';
import type { ContainerId } from '../../model/container';
import { EngineError, type EngineErrorCode } from '../engine';
import { fieldOf } from './explanation';
import { asFields, asText } from './fields';

/** How long another process may take to open what it is asked for. */
export const ANSWER_DEADLINE_MS = 2_000;
const MAX_LINE_LENGTH = 64 * 1024;

/**
 * How one process asks another for a container's statistics: it connects, sends the container's id and a line feed, and is
 * sent one line that says whether they are open ({@link Answer}), and then the samples, a line each.
 */
export type Answer =
  | { readonly isOpen: true }
  | { readonly isOpen: false; readonly code: EngineErrorCode; readonly message: string };

export type Asked =
  | { readonly kind: 'open'; readonly stream: Readable }
  /** There is a socket, and nobody behind it. */
  | { readonly kind: 'abandoned' }
  /** Whoever was there has gone, or goes. */
  | { readonly kind: 'gone' }
  /** It takes no notice. */
  | { readonly kind: 'silent' };

/** Asks whoever listens at a place. Rejects with the engine's error when it was refused, and when `signal` gives it up. */
export async function askForStats(
  place: string,
  id: ContainerId,
  signal: AbortSignal,
  clock: Clock,
): Promise<Asked> {
  const socket = connect({ path: place });
  const giveUp = (): unknown => socket.destroy();
  signal.addEventListener('abort', giveUp, { once: true });
  const deadline = clock.setTimer(() => socket.destroy(new SilenceError()), ANSWER_DEADLINE_MS);
  try {
    socket.write(`${id}\n`);
    const line = await firstLine(socket);
    signal.throwIfAborted();
    const answer = readAnswer(line);
    if (!answer.isOpen) throw new EngineError(answer.code, answer.message);
    socket.once('close', () => signal.removeEventListener('abort', giveUp));
    return { kind: 'open', stream: socket };
  } catch (error) {
    socket.destroy();
    signal.removeEventListener('abort', giveUp);
    signal.throwIfAborted();
    if (error instanceof EngineError) throw error;
    if (error instanceof SilenceError) return { kind: 'silent' };
    return { kind: fieldOf(error, 'code') === 'ECONNREFUSED' ? 'abandoned' : 'gone' };
  } finally {
    deadline.dispose();
  }
}

/** @throws where it is none */
function readAnswer(line: string): Answer {
  const answer = asFields(JSON.parse(line));
  if (answer?.['isOpen'] === true) return { isOpen: true };
  const code = asText(answer?.['code']);
  const message = asText(answer?.['message']);
  if (answer?.['isOpen'] !== false || code === undefined || message === undefined)
    throw new TypeError('That is no answer.');
  return { isOpen: false, code: code as EngineErrorCode, message };
}

class SilenceError extends Error {}

/** Reads up to the first line feed; what came behind it stays in the socket. */
export async function firstLine(socket: Socket): Promise<string> {
  const line = deferred<string>();
  let text = '';
  const take = (): void => {
    let chunk: unknown;
    while ((chunk = socket.read()) !== null) {
      const bytes = chunk as Buffer;
      const end = bytes.indexOf('\n');
      text += bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
      if (end < 0 && text.length < MAX_LINE_LENGTH) continue;
      socket.off('readable', take);
      if (end >= 0 && end + 1 < bytes.length) socket.unshift(bytes.subarray(end + 1));
      if (end < 0) line.reject(new RangeError('No line ends.'));
      else line.resolve(text);
      return;
    }
  };
  socket.on('readable', take);
  socket.on('error', (error) => line.reject(error));
  socket.on('close', () => line.reject(new Error('The socket was closed.')));
  return line.promise;
}
