import { JsonMembers } from './logJsonMembers';
import { levelOfNumber, levelOfSeverity, type LogLevel } from './logLevel';
import { isUpperCase, wordEnd } from './logLevelCharacters';
import { LineBeginning } from './logLevelTemplate';
import { levelOfName, levelWordAt } from './logLevelWords';

const QUOTE = 0x22;

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
  return levelAsBefore(text) ?? searchedLevel(text, brace);
}

/** A program writes its objects alike: up to the level they differ in nothing but digits. */
const beginning = new LineBeginning();

/** The level, if the line has it where the one before had. No member before it can be a level, whatever its digits are. */
function levelAsBefore(text: string): LogLevel | undefined {
  if (!beginning.matches(text)) return undefined;
  const end = wordEnd(text, beginning.length);
  return text.charCodeAt(end) === QUOTE ? levelWordAt(text, beginning.length, end)?.level : undefined;
}

function searchedLevel(text: string, brace: number): LogLevel | undefined {
  const members = new JsonMembers(text, brace);
  let isSerilog = false;
  let isFirst = true;
  while (members.next()) {
    if (members.keyEnd - members.keyStart > LONGEST_KEY) continue;
    const key = members.key;
    const level = levelOfMember(key, members, text);
    if (level) {
      if (isFirst && members.isString && levelKeyOf(key) !== 'letter')
        beginning.learn(text, members.valueStart + 1);
      return level;
    }
    if (levelKeyOf(key)) isFirst = false;
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
  const kind = levelKeyOf(key);
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

function levelKeyOf(key: string): LevelKey | undefined {
  return LEVEL_KEYS.get(key) ?? (hasCapitals(key) ? LEVEL_KEYS.get(key.toLowerCase()) : undefined);
}

function hasCapitals(key: string): boolean {
  for (let index = 0; index < key.length; index++) if (isUpperCase(key.charCodeAt(index))) return true;
  return false;
}
