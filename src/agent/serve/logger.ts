import pino, { type Logger } from 'pino';
import type { LogLevel } from '../config/settings';

export type AgentLogger = Logger;

/** Members of logged objects that are secrets, at the top and one level down. */
const SECRET_MEMBERS = [
  'token',
  'secret',
  'key',
  'proof',
  'signature',
  'watchKey',
  'authorization',
  'cookie',
  'link',
];
/** A token or watch key in the middle of any text: its id may be shown. */
const SECRET_TEXT = /(qwt_[A-Za-z0-9_-]{12})\.[A-Za-z0-9_-]{43}/g;
/** What may wait for a reader of our output that is too slow; more is dropped rather than kept in memory. */
const MAX_WAITING_BYTES = 1_048_576;

/** One JSON object a line. What is a secret is left out, wherever it turns up. */
export function createLogger(level: LogLevel, target: pino.DestinationStream): AgentLogger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRET_MEMBERS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '[secret]',
      },
      hooks: { streamWrite: hideSecrets },
    },
    target,
  );
}

export function hideSecrets(text: string): string {
  return text.replace(SECRET_TEXT, '$1.[secret]');
}

/** The process's standard output; a reader that stalls does not stall the agent. */
export function standardOutput(): pino.DestinationStream & { flushSync(): void } {
  return pino.destination({ fd: 1, sync: false, maxLength: MAX_WAITING_BYTES });
}
