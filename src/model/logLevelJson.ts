import { JsonMembers } from './logJsonMembers';
import { levelOfNumber, levelOfSeverity, type LogLevel } from './logLevel';
import { levelOfName } from './logLevelWords';

/** How the value of a key is to be read. */
type LevelKey = 'level' | 'severity' | 'letter';

/** The keys that carry a level, in lower case. */
const LEVEL_KEYS: ReadonlyMap<string, LevelKey> = new Map([
  ['level', 'level'],
  ['lvl', 'level'],
  ['l', 'level'],
  ['@l', 'level'],
  ['severity', 'level'],
  ['severitytext', 'level'],
  ['severity_text', 'level'],
  ['loglevel', 'level'],
  ['log_level', 'level'],
  ['log.level', 'level'],
  ['levelname', 'level'],
  ['level_name', 'level'],
  ['priority', 'severity'],
  // MongoDB writes but a letter.
  ['s', 'letter'],
]);
const LONGEST_KEY = 'severity_text'.length;
/** A level comes early; a line is not searched further than this. */
const MAX_SEARCHED_LENGTH = 64 * 1024;
/** Serilog's compact form leaves the level out when it is the usual one. */
const SERILOG_TIME = '@t';

/** The level in a line that is a JSON object; `brace` is where it begins. */
export function jsonLevel(text: string, brace: number): LogLevel | undefined {
  const members = new JsonMembers(text, brace);
  let isSerilog = false;
  while (members.next()) {
    if (members.keyEnd - members.keyStart > LONGEST_KEY) continue;
    const key = members.key;
    const level = levelOfMember(key, members, text);
    if (level) return level;
    if (key === SERILOG_TIME) isSerilog = true;
    if (members.valueEnd > MAX_SEARCHED_LENGTH) return undefined;
  }
  return isSerilog ? 'info' : undefined;
}

/** The level a member of a JSON log object names, if it is one that does. */
export function levelOfMember(key: string, members: JsonMembers, text: string): LogLevel | undefined {
  return memberLevel(key, members) ?? nestedLevel(key, members, text);
}

function memberLevel(key: string, members: JsonMembers): LogLevel | undefined {
  const kind = LEVEL_KEYS.get(key) ?? (hasCapitals(key) ? LEVEL_KEYS.get(key.toLowerCase()) : undefined);
  if (!kind) return undefined;
  const value = members.isString ? members.value.slice(1, -1) : members.value;
  if (kind === 'letter') return mongoLevel(value);
  if (kind === 'severity' && /^[0-7]$/.test(value)) return levelOfSeverity(Number(value));
  return levelOfName(value) ?? (/^\d{1,3}$/.test(value) ? levelOfNumber(Number(value)) : undefined);
}

/** Elastic's common schema also comes as `"log":{"level":"info"}`. */
function nestedLevel(key: string, members: JsonMembers, text: string): LogLevel | undefined {
  if (key !== 'log' || !members.isObject) return undefined;
  const nested = new JsonMembers(text, members.valueStart);
  while (nested.next()) {
    if (nested.key === 'level') return memberLevel('level', nested);
  }
  return undefined;
}

function mongoLevel(value: string): LogLevel | undefined {
  return /^(?:[FEWI]|D[1-5]?)$/.test(value) ? levelOfName(value.charAt(0)) : undefined;
}

function hasCapitals(key: string): boolean {
  for (let index = 0; index < key.length; index++) if (isUpperCase(key.charCodeAt(index))) return true;
  return false;
}
