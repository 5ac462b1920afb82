/** How serious a log record is, least first. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** The level's place in {@link LOG_LEVELS}; -1 for no level. A switch, since a table by name is slower. */
export function rankOf(level: LogLevel | undefined): number {
  switch (level) {
    case 'info':
      return 2;
    case 'debug':
      return 1;
    case 'warn':
      return 3;
    case 'error':
      return 4;
    case 'trace':
      return 0;
    case 'fatal':
      return 5;
    case undefined:
      return -1;
  }
}

export function isAtLeast(level: LogLevel, minimum: LogLevel): boolean {
  return rankOf(level) >= rankOf(minimum);
}

/**
 * The level of a number in a key such as `level`: pino's and bunyan's 10 (trace) to 60 (fatal), or Monolog's 100 (debug)
 * to 600. Smaller ones mean different things to different libraries and are `undefined`.
 */
export function levelOfNumber(value: number): LogLevel | undefined {
  if (value >= 100) return monologLevel(value);
  return value >= 10 && value < 70 ? LOG_LEVELS[Math.floor(value / 10) - 1] : undefined;
}

function monologLevel(value: number): LogLevel | undefined {
  if (value > 600) return undefined;
  if (value >= 500) return 'fatal';
  if (value >= 400) return 'error';
  if (value >= 300) return 'warn';
  return value >= 200 ? 'info' : 'debug';
}

const SYSLOG_LEVELS: readonly LogLevel[] = [
  'fatal',
  'fatal',
  'fatal',
  'error',
  'warn',
  'info',
  'info',
  'debug',
];

/** The level of a syslog severity, 0 (emergency) to 7 (debug); RFC 5424, section 6.2.1. */
export function levelOfSeverity(severity: number): LogLevel | undefined {
  return SYSLOG_LEVELS[severity];
}
