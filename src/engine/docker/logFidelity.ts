import type { LogFidelity } from '../../model/log';

/** Drivers whose log can be read as it was written: Docker's own, and Podman's. */
const EXACT: ReadonlySet<string> = new Set(['json-file', 'local', 'journald', 'k8s-file', 'none', '']);
/** These send a log elsewhere; since 20.10 the engine keeps a local copy to read from ("dual logging"). */
const CACHED: ReadonlySet<string> = new Set([
  'awslogs',
  'etwlogs',
  'fluentd',
  'gcplogs',
  'gelf',
  'logentries',
  'splunk',
  'syslog',
]);

export function logFidelity(driver: string): LogFidelity {
  if (EXACT.has(driver)) return 'exact';
  return CACHED.has(driver) ? 'cached' : 'unknown';
}

/**
 * Whether a driver with these options removes the oldest part of a log that grows: `local` and the copies of what is sent
 * elsewhere do so unless told otherwise, files only where their size is bounded.
 */
export function rotates(driver: string, options: Readonly<Record<string, string>>): boolean {
  const maxSize = options['max-size'];
  if (driver === 'local') return maxSize !== '-1';
  if (driver === 'json-file' || driver === 'k8s-file') return maxSize !== undefined && maxSize !== '-1';
  return logFidelity(driver) !== 'exact';
}
