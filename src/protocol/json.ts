import { ProtocolError } from './errorCodes';
import { LIMITS } from './limits';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** A key `__proto__`, or one that may spell it with escapes. */
const MAY_HAVE_PROTOTYPE_KEY = /__proto__|\\u00[5-7]/;

/**
 * JSON from outside: no deeper than {@link LIMITS.maxJsonDepth}, and without keys that copying an object would turn into
 * its prototype.
 *
 * @throws ProtocolError `badMessage`
 */
export function parseJson(text: string): unknown {
  if (isDeeperThan(text, LIMITS.maxJsonDepth))
    throw new ProtocolError('badMessage', 'JSON is nested too deeply.');
  try {
    return JSON.parse(text, MAY_HAVE_PROTOTYPE_KEY.test(text) ? withoutPrototypeKey : undefined) as unknown;
  } catch {
    // The engine's message would quote the text.
    throw new ProtocolError('badMessage', 'Not JSON.');
  }
}

function withoutPrototypeKey(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}

/** Counts brackets outside of strings, before anything is built of them. */
function isDeeperThan(text: string, maxDepth: number): boolean {
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (isInString) {
      if (unit === BACKSLASH) index++;
      else if (unit === QUOTE) isInString = false;
    } else if (unit === QUOTE) isInString = true;
    else if (unit === OPENING_BRACE || unit === OPENING_BRACKET) {
      if (++depth > maxDepth) return true;
    } else if (unit === CLOSING_BRACE || unit === CLOSING_BRACKET) depth--;
  }
  return false;
}

/**
 * The one text that stands for a value in a signature: no spaces, the keys of objects sorted by their UTF-16 units.
 *
 * @throws ProtocolError `badMessage` for numbers that are no safe integers, and what JSON can't say
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object') throw new ProtocolError('badMessage', 'A value can not be signed.');
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}
