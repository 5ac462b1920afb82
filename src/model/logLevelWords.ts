import { LOG_LEVELS, type LogLevel } from './logLevel';
import { isBlank } from './logLevelCharacters';

/** A word that names a level, as it is written. */
export interface LevelWord {
  readonly text: string;
  readonly level: LogLevel;
  readonly isUpperCase: boolean;
  /** Also an everyday word, so that it names a level only where nothing else can stand. */
  readonly isWeak: boolean;
}

const STRONG: Readonly<Record<LogLevel, string>> = {
  trace: 'trace trce trac trc vrb silly finest',
  debug: 'debug dbug debu dbg debug1 debug2 debug3 debug4 debug5',
  info: 'info inf information informational notice',
  warn: 'warn warning wrn',
  error: 'error err eror erro severe fail',
  fatal: 'fatal ftl fata critical crit crt emerg emergency panic pani dpanic',
};

const WEAK: Readonly<Record<LogLevel, string>> = {
  trace: 'verbose finer',
  debug: 'fine',
  info: 'log note config success',
  warn: 'deprecated',
  error: '',
  fatal: 'alert',
};

const LONGEST_LEVEL_WORD = 'informational'.length;
const SHORTEST_LEVEL_WORD = 3;

function levelWords(): LevelWord[] {
  return [STRONG, WEAK].flatMap((table) =>
    LOG_LEVELS.flatMap((level) =>
      table[level]
        .split(' ')
        .filter((word) => word !== '')
        .flatMap((word) => variants(word, level, table === WEAK)),
    ),
  );
}

/** A word in lower case, in upper case and capitalized; other mixtures name no level. */
function variants(word: string, level: LogLevel, isWeak: boolean): LevelWord[] {
  const upper = word.toUpperCase();
  const capitalized = upper.charAt(0) + word.slice(1);
  return [word, upper, capitalized].map((text) => ({ text, level, isUpperCase: text === upper, isWeak }));
}

/** A table without holes: with them, every look into it would compute a hash. */
const SLOTS = 128 * 16;

/** By first letter and length, so that a word is found without making a string of it. */
const LEVEL_WORDS: (LevelWord[] | undefined)[] = new Array<undefined>(SLOTS).fill(undefined);
const LEVELS_BY_NAME = new Map<string, LogLevel>();
for (const word of levelWords()) {
  const slot = slotOf(word.text.charCodeAt(0), word.text.length);
  (LEVEL_WORDS[slot] ??= []).push(word);
  LEVELS_BY_NAME.set(word.text, word.level);
}

function slotOf(firstLetter: number, length: number): number {
  return firstLetter * 16 + length;
}

/** The level word that the text from `start` up to `end` is, if it is one. */
export function levelWordAt(text: string, start: number, end: number): LevelWord | undefined {
  const length = end - start;
  if (length < SHORTEST_LEVEL_WORD || length > LONGEST_LEVEL_WORD) return undefined;
  const candidates = LEVEL_WORDS[slotOf(text.charCodeAt(start), length)];
  if (!candidates) return undefined;
  for (const word of candidates) {
    if (isAt(text, start, word.text)) return word;
  }
  return undefined;
}

/** The words in capitals that are not weak, by their first letter, the usual ones first. */
const CAPITALS: LevelWord[][] = Array.from({ length: 128 }, (_, code) =>
  levelWords().filter((word) => word.isUpperCase && !word.isWeak && word.text.charCodeAt(0) === code),
);

/** The level that a word in capitals at `start`, with a blank after it, names. */
export function capitalsAt(text: string, start: number): LogLevel | undefined {
  const code = text.charCodeAt(start);
  const candidates = code < CAPITALS.length ? CAPITALS[code] : undefined;
  if (!candidates) return undefined;
  for (const word of candidates) {
    if (isBlank(text.charCodeAt(start + word.text.length)) && isAt(text, start, word.text)) return word.level;
  }
  return undefined;
}

/** As `startsWith`, which costs more on texts this short; the first letter is known to be the same. */
function isAt(text: string, start: number, wanted: string): boolean {
  for (let index = 1; index < wanted.length; index++) {
    if (text.charCodeAt(start + index) !== wanted.charCodeAt(index)) return false;
  }
  return true;
}

/** The level a value such as that of `level=` names: a word in any case, or a single letter. */
export function levelOfName(name: string): LogLevel | undefined {
  if (name.length === 1) return levelOfLetter(name.charCodeAt(0));
  return name.length > LONGEST_LEVEL_WORD ? undefined : LEVELS_BY_NAME.get(name.toLowerCase());
}

const LETTERS: Readonly<Record<string, LogLevel>> = {
  V: 'trace',
  T: 'trace',
  D: 'debug',
  I: 'info',
  N: 'info',
  W: 'warn',
  E: 'error',
  F: 'fatal',
  C: 'fatal',
};

/** The level a capital letter stands for, as in klog, MongoDB, logcat and Ruby. */
export function levelOfLetter(code: number): LogLevel | undefined {
  return LETTERS[String.fromCharCode(code)];
}

/** Words that make "error" and its like the name of a thing when they follow it: "error handling enabled". */
const NOUNS = new Set(
  (
    'boundaries boundary budget callback callbacks code codes correction count counter counters counts detail ' +
    'details detection enabled disabled flag flags free handler handlers handling hook hooks level levels limit limits ' +
    'log logger loggers logging logs message messages metric metrics middleware mode output page pages rate rates ' +
    'recovery report reporter reporting reports sink state stream template templates threshold thresholds tracker ' +
    'tracking'
  ).split(' '),
);
const LONGEST_NOUN = 10;

/** Whether the word that begins at `start` makes the level word before it the name of a thing. */
export function isNounAt(text: string, start: number): boolean {
  let end = start;
  while (end < start + LONGEST_NOUN + 1 && isLowerCase(text.charCodeAt(end))) end++;
  return NOUNS.has(text.slice(start, end));
}

function isLowerCase(code: number): boolean {
  return code >= 0x61 && code <= 0x7a;
}
