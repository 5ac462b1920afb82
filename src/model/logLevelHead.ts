import { stringEnd } from './logJsonMembers';
import { isAtLeast, type LogLevel } from './logLevel';
import { accessLogLevel, isAccessTime } from './logLevelAccess';
import { bracketLevel } from './logLevelBracket';
import {
  AsciiSet,
  blanksEnd,
  DIGIT,
  isBlank,
  isDigit,
  isUpperCase,
  kindOf,
  LETTER,
  OPENING,
  SEPARATOR,
  tokenEnd,
  wordEnd,
} from './logLevelCharacters';
import { NumberReader } from './logLevelNumber';
import { copyState, HeadTemplates, type HeadMark, type HeadState } from './logLevelTemplate';
import { isNounAt, levelOfLetter, levelOfName, levelWordAt, type LevelWord } from './logLevelWords';

/** `skip` goes on to the next part, `undefined` ends: the message begins without a level. */
type Step = HeadMark | 'skip' | undefined;

/** A head, all that comes before the message, is not looked for beyond this. */
const MAX_HEAD_LENGTH = 256;
/** Nor beyond this in a line of `key=value`, where the level may come late. */
const MAX_KEYED_HEAD_LENGTH = 2_048;
const MAX_PARTS = 32;
const MAX_TAGS = 2;
/** Shorter words before a level in capitals are rather those of a message: "no ERROR seen". */
const SHORTEST_LOGGER = 4;
const LONGEST_BRACKET = 160;

const LEVEL_KEYS = new Set(['level', 'lvl', 'severity', 'loglevel', 'log_level', 'log.level', 'levelname']);
const LONGEST_LEVEL_KEY = 9;
const LONGEST_KEY = 64;
const KEY = new AsciiSet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.-');
const DETAILS = new Set(['DETAIL', 'HINT', 'STATEMENT', 'CONTEXT', 'QUERY', 'LOCATION']);
const CALENDAR_WORDS = new Set(
  (
    'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec Mon Tue Wed Thu Fri Sat Sun AM PM UTC GMT CET CEST EST EDT CST ' +
    'CDT MST MDT PST PDT BST IST JST MSK'
  ).split(' '),
);
const LONGEST_CALENDAR_WORD = 4;
/** Programs that put their name before the level. */
const PROGRAMS = new Set(['npm', 'PHP']);
/** The code of what closes a bracket lies two beyond that of what opens it, except for the round one. */
const OPEN_ROUND = 0x28;
const CLOSE_ROUND = 0x29;

/** What follows a level directly: `error:`, `|INFO|`, `WARN[0012]`, `ERR!`. */
const MARKS = new AsciiSet(':|[!');

const COLON = 0x3a;
const EQUALS = 0x3d;
const DASH = 0x2d;
const BAR = 0x7c;
const EXCLAMATION = 0x21;
const OPEN_SQUARE = 0x5b;
const DOT = 0x2e;
const QUOTE = 0x22;

const INITIAL: HeadState = {
  isFirst: true,
  isStructured: false,
  isAfterTime: false,
  isAfterProgram: false,
  isSyslog: false,
  separator: 0,
  tags: 0,
  maxLength: MAX_HEAD_LENGTH,
};

/**
 * Reads the head of a line part by part: times, numbers, brackets, keys, tags and names are gone past until a level
 * stands where heads have it, or the message begins. So a level's name within a message is none.
 *
 * Each part is looked at once or twice, so the time is bounded by the bounds above.
 */
export class HeadReader {
  private readonly numbers = new NumberReader();
  private readonly templates = new HeadTemplates();
  private text = '';
  private position = 0;
  private limit = 0;
  private state: HeadState = { ...INITIAL };
  /** Where the value begins that stated the level, if a key's value did. */
  private levelValueStart = 0;

  read(text: string): HeadMark | undefined {
    const template = this.templates.of(text);
    const known = template.match(text);
    const level = known && template.levelHere(text);
    if (level) return level;
    this.text = text;
    return (known && !template.isValue ? this.readPart(template.end, known) : undefined) ?? this.readAll();
  }

  /** The mark of the part at `position`, if that has one. */
  private readPart(position: number, state: Readonly<HeadState>): HeadMark | undefined {
    this.begin(position, state);
    const step = this.part();
    return step === 'skip' ? undefined : step;
  }

  private readAll(): HeadMark | undefined {
    const { text } = this;
    this.begin(0, INITIAL);
    for (let count = 0; count < MAX_PARTS; count++) {
      this.position = blanksEnd(text, this.position);
      if (this.position >= this.limit) return undefined;
      const start = this.position;
      const step = this.part();
      if (step === undefined) return undefined;
      if (step !== 'skip') {
        this.learn(start, step);
        return step;
      }
    }
    return undefined;
  }

  private learn(start: number, mark: HeadMark): void {
    const { text, state, levelValueStart } = this;
    const template = this.templates.of(text);
    if (levelValueStart > 0) template.learnValue(text, levelValueStart, state);
    else template.learn(text, start, state, mark);
  }

  private begin(position: number, state: Readonly<HeadState>): void {
    this.position = position;
    this.limit = Math.min(this.text.length, state.maxLength);
    this.levelValueStart = 0;
    copyState(state, this.state);
  }

  private part(): Step {
    switch (kindOf(this.text.charCodeAt(this.position))) {
      case DIGIT:
        return this.number();
      case LETTER:
        return this.word();
      case OPENING:
        return this.bracket();
      case SEPARATOR:
        return this.goPastSeparator();
      default:
        return undefined;
    }
  }

  private skipTo(position: number, isTime = false): 'skip' {
    this.position = position;
    this.state.isFirst = false;
    this.state.isAfterTime = isTime;
    this.state.separator = 0;
    return 'skip';
  }

  private goPastSeparator(): 'skip' {
    const code = this.text.charCodeAt(this.position);
    do this.position++;
    while (this.text.charCodeAt(this.position) === code);
    this.state.separator = code;
    return 'skip';
  }

  private number(): Step {
    const { numbers } = this;
    if (!numbers.read(this.text, this.position, this.limit)) return undefined;
    if (numbers.isTime) this.state.isStructured = true;
    return this.skipTo(numbers.end, numbers.isTime);
  }

  private bracket(): Step {
    const { text, position } = this;
    const end = bracketEnd(text, position);
    if (end === undefined) return undefined;
    if (isAccessTime(text, position + 1)) return accessLogLevel(text);
    const level = bracketLevel(text, position + 1, end);
    if (level) return level;
    this.state.isStructured = true;
    const isTime = isDigit(text.charCodeAt(position + 1)) && text.lastIndexOf(':', end) > position;
    return this.skipTo(end + 1, isTime);
  }

  private word(): Step {
    const { text, position: start } = this;
    const end = wordEnd(text, start);
    const word = levelWordAt(text, start, end);
    if (word && this.isLevelHere(word, end)) return word.level;
    const keyEnd = this.keyEnd(end);
    if (keyEnd !== undefined) return this.keyed(start, keyEnd);
    return this.letterLevel(start, end) ?? this.calendarWord(start, end) ?? this.name(start, end);
  }

  /** Whether a level's word, which ends at `end`, stands where it names the line's level. */
  private isLevelHere(word: LevelWord, end: number): boolean {
    if (!this.state.isFirst && !this.state.isStructured) return false;
    const after = this.text.charCodeAt(end);
    const isMarked = MARKS.has(after);
    if (!isMarked && end < this.text.length && !isBlank(after)) return false;
    if (after === COLON && isPlainValue(this.text, end + 1)) return false;
    if (word.isWeak) return word.isUpperCase && (isMarked || this.state.isStructured);
    return word.isUpperCase || isMarked || this.isBareLevelHere(word.level, end);
  }

  /** As {@link isLevelHere}, for a word in small letters with nothing but a blank after it. */
  private isBareLevelHere(level: LogLevel, end: number): boolean {
    if (this.state.isAfterProgram) return true;
    const isUsual = this.state.isAfterTime || (this.state.isFirst && isAtLeast(level, 'warn'));
    return isUsual && !isNounAt(this.text, blanksEnd(this.text, end));
  }

  /** Where the key that goes on at `from` has its equals sign, if it is one. */
  private keyEnd(from: number): number | undefined {
    const limit = Math.min(this.text.length, from + LONGEST_KEY);
    let end = from;
    while (end < limit && KEY.has(this.text.charCodeAt(end))) end++;
    return this.text.charCodeAt(end) === EQUALS ? end : undefined;
  }

  private keyed(start: number, equals: number): Step {
    const { text } = this;
    const valueStart = equals + 1;
    const isQuoted = text.charCodeAt(valueStart) === QUOTE;
    const valueEnd = isQuoted ? stringEnd(text, valueStart) : tokenEnd(text, valueStart, text.length);
    if (equals - start <= LONGEST_LEVEL_KEY && LEVEL_KEYS.has(text.slice(start, equals).toLowerCase())) {
      const nameStart = isQuoted ? valueStart + 1 : valueStart;
      const level = levelOfName(text.slice(nameStart, Math.min(wordEnd(text, nameStart), valueEnd)));
      if (level) {
        this.levelValueStart = nameStart;
        return level;
      }
    }
    this.state.isStructured = true;
    this.state.maxLength = MAX_KEYED_HEAD_LENGTH;
    this.limit = Math.min(text.length, MAX_KEYED_HEAD_LENGTH);
    return this.skipTo(valueEnd);
  }

  /** A single letter after a time: `I NETWORK` (MongoDB), `E Tag:` (logcat), `W! [inputs]` (Telegraf). */
  private letterLevel(start: number, end: number): LogLevel | undefined {
    if (end !== start + 1 || !this.state.isStructured) return undefined;
    const code = this.text.charCodeAt(start);
    if (!isUpperCase(code)) return undefined;
    if (this.text.charCodeAt(end) === EXCLAMATION) return levelOfLetter(code);
    const next = this.text.charCodeAt(blanksEnd(this.text, end));
    const isHead = isUpperCase(next) || isDigit(next) || next === OPEN_SQUARE;
    return isHead && isBlank(this.text.charCodeAt(end)) ? levelOfLetter(code) : undefined;
  }

  /** Months, days and time zones; a program's name in front of its levels is gone past alike. */
  private calendarWord(start: number, end: number): Step {
    const length = end - start;
    if (length < 2 || length > LONGEST_CALENDAR_WORD || !(this.state.isFirst || this.state.isAfterTime))
      return undefined;
    const word = this.text.slice(start, end);
    if (this.state.isFirst && PROGRAMS.has(word)) {
      this.state.isStructured = true;
      this.state.isAfterProgram = true;
      return this.skipTo(end);
    }
    if (!CALENDAR_WORDS.has(word)) return undefined;
    if (this.state.isFirst) this.state.isSyslog = true;
    return this.skipTo(end, true);
  }

  /** A word that is neither level nor time, and which a structured head may still have before its level. */
  private name(start: number, end: number): Step {
    if (!this.state.isStructured) return undefined;
    const { text } = this;
    if (text.charCodeAt(end) === COLON && DETAILS.has(text.slice(start, end))) return 'detail';
    const channelLevel = text.charCodeAt(end) === DOT ? this.levelAfter(end + 1) : undefined;
    if (channelLevel) return channelLevel;
    return this.nameToken(start, tokenEnd(text, start, this.limit));
  }

  private nameToken(start: number, token: number): Step {
    const { text } = this;
    const next = blanksEnd(text, token);
    if (this.isTag(token)) return this.skipTo(token);
    const isBetweenBars = this.state.separator === DASH || this.state.separator === BAR;
    if (isBetweenBars && text.charCodeAt(next) === this.state.separator) return this.skipTo(token);
    if (text.slice(start, token).includes('@')) return this.skipTo(token);
    if (this.state.isSyslog && this.state.isAfterTime) return this.skipTo(token);
    const isLogger = this.state.isAfterTime && token - start >= SHORTEST_LOGGER;
    return isLogger ? this.levelAfter(next) : undefined;
  }

  /** A program with or without its process id: `app:`, `app[12]:`, `unbound[1:0]`. */
  private isTag(token: number): boolean {
    const last = this.text.charCodeAt(token - 1);
    return (last === COLON || last === 0x5d) && this.state.tags++ < MAX_TAGS;
  }

  /** The level in capitals that follows a logger's name: `app.ERROR:`, `werkzeug INFO`. */
  private levelAfter(at: number): LogLevel | undefined {
    const end = wordEnd(this.text, at);
    const word = levelWordAt(this.text, at, end);
    const after = this.text.charCodeAt(end);
    return word?.isUpperCase && !word.isWeak && (after === COLON || isBlank(after)) ? word.level : undefined;
  }
}

function bracketEnd(text: string, open: number): number | undefined {
  const opening = text.charCodeAt(open);
  const closing = opening === OPEN_ROUND ? CLOSE_ROUND : opening + 2;
  const limit = Math.min(text.length, open + LONGEST_BRACKET);
  for (let at = open + 1; at < limit; at++) {
    if (text.charCodeAt(at) === closing) return at;
  }
  return undefined;
}

const LONGEST_PLAIN_VALUE = 6;

/** Whether nothing but a value follows, as in a listing of settings: `debug: false`, `error: 0`. */
function isPlainValue(text: string, at: number): boolean {
  if (text.length - at > LONGEST_PLAIN_VALUE) return false;
  return /^ *(?:true|false|null|none|nil|\d+),?$/i.test(text.slice(at));
}

const reader = new HeadReader();

/** What the head of a line without control sequences says. */
export function readTextHead(text: string): HeadMark | undefined {
  return reader.read(text);
}
