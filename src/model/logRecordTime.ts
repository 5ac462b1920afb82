import { parseTimestamp } from './logTime';

/** `2026-11-21T07:38:14.123456789Z`, the form in which Docker stamps every record. */
const UTC_NANOSECONDS_LENGTH = 30;
const WHOLE_SECOND = '2026-11-21T07:38:14'.length;
const MILLISECONDS = 1_000;

/**
 * A text that orders as the times do when compared as a string: `2026-11-21T07:38:14.123456789Z`, in UTC. Takes RFC 3339
 * with up to nine digits of a second and any offset, as engines stamp records (Podman in local time); `undefined` for
 * anything else.
 */
export function timeKey(timestamp: string): string | undefined {
  if (timestamp.length === UTC_NANOSECONDS_LENGTH && timestamp.endsWith('Z')) return timestamp;
  const time = parseTimestamp(timestamp);
  if (!time) return undefined;
  const second = new Date(time.seconds * MILLISECONDS).toISOString().slice(0, WHOLE_SECOND);
  return `${second}.${String(time.nanoseconds).padStart(9, '0')}Z`;
}
