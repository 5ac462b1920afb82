import { ANY, ANY_BUT_LINE_END, single } from './logPatternCharacters';
import { readClass, readEscape } from './logPatternEscape';
import { PatternSource } from './logPatternSource';
import { fail, NOTHING, sequence, type PatternNode } from './logPatternSyntax';

export interface ParsedPattern {
  readonly root: PatternNode;
  readonly ignoreCase: boolean;
}

const MAX_DEPTH = 50;
const MAX_REPETITIONS = 1_000;
const IGNORE_CASE_PREFIX = '(?i)';
const ASSERTIONS = { '^': 'start', $: 'end' } as const;

/**
 * Parses a regular expression in ECMAScript's syntax without backreferences and lookaround, which can't be matched in
 * linear time. Beyond ECMAScript a leading `(?i)` is understood, because many know it from other languages.
 *
 * @throws PatternProblemError
 */
export function parsePattern(source: string, flags: string): ParsedPattern {
  // Lines are matched one by one and never hold a line ending, so `g`, `m` and `u` change nothing.
  const unknown = /[^gimsu]/.exec(flags)?.[0];
  if (unknown !== undefined) fail('unknownFlag', 0, `There is no flag "${unknown}"; use i or s.`);
  const hasPrefix = source.startsWith(IGNORE_CASE_PREFIX);
  const start = hasPrefix ? IGNORE_CASE_PREFIX.length : 0;
  const parser = new PatternParser(new PatternSource(source, start), flags.includes('s'));
  return { root: parser.parse(), ignoreCase: hasPrefix || flags.includes('i') };
}

class PatternParser {
  private depth = 0;

  constructor(
    private readonly source: PatternSource,
    private readonly dotMatchesAll: boolean,
  ) {}

  parse(): PatternNode {
    const root = this.choice();
    if (!this.source.isAtEnd)
      fail('unopenedGroup', this.source.position, 'This ")" closes nothing. Write \\) for the character.');
    return root;
  }

  private choice(): PatternNode {
    const options = [this.sequence()];
    while (this.source.take('|')) options.push(this.sequence());
    const [only] = options;
    return only && options.length === 1 ? only : { kind: 'choice', options };
  }

  private sequence(): PatternNode {
    const items: PatternNode[] = [];
    while (!this.source.isAtEnd && this.source.peek() !== '|' && this.source.peek() !== ')') {
      const isGroup = this.source.peek() === '(';
      items.push(this.repeated(this.atom(), isGroup));
    }
    return sequence(items);
  }

  private atom(): PatternNode {
    const { source } = this;
    const position = source.position;
    const character = source.peek();
    switch (character) {
      case '(':
        return this.group();
      case '[':
        return { kind: 'character', set: readClass(source) };
      case '\\':
        return readEscape(source);
      case '^':
      case '$':
        source.next();
        return { kind: 'assertion', assertion: ASSERTIONS[character] };
      case '.':
        source.next();
        return { kind: 'character', set: this.dotMatchesAll ? ANY : ANY_BUT_LINE_END };
      case '*':
      case '+':
      case '?':
        return fail('nothingToRepeat', position, `There is nothing before "${character}" to repeat.`);
      default:
        return { kind: 'character', set: single(source.nextCodePoint()) };
    }
  }

  private group(): PatternNode {
    const opened = this.source.position;
    this.source.next();
    this.groupKind(opened);
    if (++this.depth > MAX_DEPTH) fail('tooDeep', opened, `Groups are nested deeper than ${MAX_DEPTH}.`);
    const content = this.choice();
    this.depth--;
    if (!this.source.take(')'))
      fail('unclosedGroup', opened, 'This "(" is never closed. Write \\( for the character.');
    return content;
  }

  private groupKind(opened: number): void {
    const { source } = this;
    if (!source.take('?')) return;
    if (source.take(':')) return;
    if (source.take('=') || source.take('!') || source.take('<=') || source.take('<!'))
      fail('lookaround', opened, 'Lookahead and lookbehind are not supported: they can take for ever.');
    const name = source.takeMatch(/<[A-Za-z_$][\w$]*>/y);
    if (name === undefined)
      fail('unsupportedGroup', opened, `Groups that begin with "(?${source.peek()}" are not supported.`);
  }

  private repeated(item: PatternNode, isGroup: boolean): PatternNode {
    const { source } = this;
    const position = source.position;
    const bounds = this.bounds();
    if (!bounds) return item;
    if (item.kind === 'assertion' && !isGroup)
      fail('nothingToRepeat', position, 'A place in the line (^, $, \\b) cannot be repeated.');
    source.take('?');
    const [minimum, maximum] = bounds;
    const next = source.position;
    if (this.bounds()) fail('nothingToRepeat', next, 'Two repetitions follow each other.');
    return item === NOTHING ? item : { kind: 'repeat', item, minimum, maximum };
  }

  private bounds(): readonly [minimum: number, maximum: number] | undefined {
    const { source } = this;
    if (source.take('*')) return [0, Infinity];
    if (source.take('+')) return [1, Infinity];
    if (source.take('?')) return [0, 1];
    const position = source.position;
    const counts = source.takeMatch(/\{(\d+)(?:(,)(\d*))?\}/y);
    // As in ECMAScript, braces that hold no counts are characters.
    if (!counts) return undefined;
    const [, from = '', comma, to = ''] = counts;
    const minimum = Number(from);
    const maximum = comma === undefined ? minimum : to === '' ? Infinity : Number(to);
    if (maximum < minimum)
      fail('repeatOutOfOrder', position, `The counts {${from},${to}} are the wrong way round.`);
    if (minimum > MAX_REPETITIONS || (maximum > MAX_REPETITIONS && maximum !== Infinity))
      fail('repeatTooOften', position, `More than ${MAX_REPETITIONS} repetitions are not supported.`);
    return [minimum, maximum];
  }
}
