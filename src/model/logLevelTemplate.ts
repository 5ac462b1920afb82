import type { LogLevel } from './logLevel';
import { isBlank, isDigit, kindOf, SEPARATOR, wordEnd } from './logLevelCharacters';
import { capitalsAt, levelWordAt } from './logLevelWords';

/** What the head of a line says: its level, or that it adds details to the record before (PostgreSQL). */
export type HeadMark = LogLevel | 'detail';

const MAX_LENGTH = 128;
const ZERO = 0x30;
const CLOSINGS = new Set([0x5d, 0x29, 0x7d, 0x3e]);

/** What is known of a line's head when a part of it is reached. */
export interface HeadState {
  /** Nothing but separators has come. */
  isFirst: boolean;
  /** A time, bracket or key has come: this is a head, not a sentence. */
  isStructured: boolean;
  isAfterTime: boolean;
  /** The level comes next, whatever follows it. */
  isAfterProgram: boolean;
  /** The line begins with a month, as syslog writes: then a host and a tag follow the time. */
  isSyslog: boolean;
  /** The dash or bar directly before, or 0. */
  separator: number;
  tags: number;
  /** The head is not looked for beyond this. */
  maxLength: number;
}

/** Copies field by field, which is many times faster than `Object.assign`. */
export function copyState(from: Readonly<HeadState>, to: HeadState): void {
  to.isFirst = from.isFirst;
  to.isStructured = from.isStructured;
  to.isAfterTime = from.isAfterTime;
  to.isAfterProgram = from.isAfterProgram;
  to.isSyslog = from.isSyslog;
  to.separator = from.separator;
  to.tags = from.tags;
  to.maxLength = from.maxLength;
}

/** The beginning of a line, which others have alike but for their digits. */
export class LineBeginning {
  private readonly codes = new Uint16Array(MAX_LENGTH);
  private knownLength = 0;

  /** 0 as long as nothing was learned. */
  get length(): number {
    return this.knownLength;
  }

  matches(text: string): boolean {
    const { codes, knownLength } = this;
    if (knownLength === 0 || text.length <= knownLength) return false;
    for (let index = 0; index < knownLength; index++) {
      const code = text.charCodeAt(index);
      const wanted = codes[index];
      if (code !== wanted && (wanted !== ZERO || !isDigit(code))) return false;
    }
    return true;
  }

  /** Remembers the text up to `end`; false if that is too long. */
  learn(text: string, end: number): boolean {
    if (end > MAX_LENGTH) return false;
    for (let index = 0; index < end; index++) {
      const code = text.charCodeAt(index);
      this.codes[index] = isDigit(code) ? ZERO : code;
    }
    this.knownLength = end;
    return true;
  }
}

/**
 * Remembers the head of the last line that stated a level, up to the part that did. A log's lines begin alike: where
 * another line's head is the same but for its digits, reading it would come to the same place in the same state, since
 * no part that is gone past depends on which digits there are or on what follows it. Comparing is several times faster.
 */
export class HeadTemplate {
  private readonly beginning = new LineBeginning();
  /** The level was a word in capitals with a blank after it. */
  private takesCapitals = false;
  /** What comes is the value of a key that names the level. */
  private takesValue = false;
  private state: HeadState | undefined;

  /** The state in which the part at {@link end} is reached, if the line begins like the one learned. */
  match(text: string): Readonly<HeadState> | undefined {
    return this.beginning.matches(text) ? this.state : undefined;
  }

  /**
   * The level of a line that matches, if it stands here as it did before, so that nothing else needs to be looked at:
   * words in capitals state a level whatever follows, and so does the value of a key.
   */
  levelHere(text: string): LogLevel | undefined {
    if (this.takesCapitals) return capitalsAt(text, this.end);
    return this.takesValue ? levelWordAt(text, this.end, wordEnd(text, this.end))?.level : undefined;
  }

  get isValue(): boolean {
    return this.takesValue;
  }

  get end(): number {
    return this.beginning.length;
  }

  /** Remembers that the part at `end` of the line stated its level. */
  learn(text: string, end: number, state: Readonly<HeadState>, mark: HeadMark): void {
    if (end === 0 || !endsPart(text.charCodeAt(end - 1)) || !this.beginning.learn(text, end)) return;
    this.state = { ...state };
    this.takesCapitals = capitalsAt(text, end) === mark;
    this.takesValue = false;
  }

  /** Remembers that the value at `start` of a key stated the line's level. */
  learnValue(text: string, start: number, state: Readonly<HeadState>): void {
    if (!this.beginning.learn(text, start)) return;
    this.state = { ...state };
    this.takesCapitals = false;
    this.takesValue = true;
  }
}

/** A power of two. */
const TEMPLATE_COUNT = 16;
/** Where the forms of heads differ: in their beginning, after a date's year, after a date, after a time. */
const TELLING_PLACES = [0, 4, 10, 19] as const;

/** Templates for the several forms that a log's lines may have in turn, such as those of a program and of its server. */
export class HeadTemplates {
  private readonly templates = Array.from({ length: TEMPLATE_COUNT }, () => new HeadTemplate());
  private readonly otherwise = new HeadTemplate();

  /** The only one that may match the line. Lines with like heads have the same, others mostly another. */
  of(text: string): HeadTemplate {
    const [start, year, date, time] = TELLING_PLACES;
    const sum =
      tellingCode(text, start) +
      3 * tellingCode(text, year) +
      5 * tellingCode(text, date) +
      7 * tellingCode(text, time);
    return this.templates[sum & (TEMPLATE_COUNT - 1)] ?? this.otherwise;
  }
}

function tellingCode(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return isDigit(code) ? ZERO : code;
}

/** Whether the part before is complete with this character, whatever follows. */
function endsPart(code: number): boolean {
  return isBlank(code) || CLOSINGS.has(code) || kindOf(code) === SEPARATOR;
}
