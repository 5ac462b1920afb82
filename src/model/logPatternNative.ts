import { LAST_CODE_POINT, type CharacterSet } from './logPatternCharacters';
import { backtrackingCost } from './logPatternCost';
import { NOTHING, sequence, type Assertion, type PatternNode } from './logPatternSyntax';

/** What a backtracking matcher may take, in steps a character of the line, however hostile the line is. */
const MAX_NATIVE_STEPS = 500;

/** Tells whether a line contains what is looked for. */
export type LineTest = (line: string) => boolean;

export function eitherOf(first: LineTest | undefined, second: LineTest): LineTest {
  return first ? (line) => first(line) || second(line) : second;
}

/**
 * A test by native means, if even a backtracking matcher needs but a bounded number of steps at each place of a line;
 * otherwise `undefined`.
 */
export function nativeTest(node: PatternNode, ignoreCase: boolean): LineTest | undefined {
  const text = ignoreCase ? undefined : plainText(node);
  if (text !== undefined) return (line) => line.includes(text);
  if (backtrackingCost(node, ignoreCase).steps > MAX_NATIVE_STEPS) return undefined;
  const expression = new RegExp(nativeSource(node), ignoreCase ? 'iu' : 'u');
  return (line) => expression.test(line);
}

/**
 * A native test for a part that every match contains, to pass over quickly the lines without it; `undefined` when no
 * such part is worth it.
 */
export function requiredTest(node: PatternNode, ignoreCase: boolean): LineTest | undefined {
  const required = requiredPart(node, ignoreCase);
  return required && nativeTest(required, ignoreCase);
}

/** The text that the pattern stands for, if it is just a text. */
function plainText(node: PatternNode): string | undefined {
  const items = node.kind === 'sequence' ? node.items : [node];
  let text = '';
  for (const item of items) {
    const codePoint = item.kind === 'character' ? onlyMember(item.set) : undefined;
    if (codePoint === undefined) return undefined;
    text += String.fromCodePoint(codePoint);
  }
  return isWellFormed(text) ? text : undefined;
}

function onlyMember({ ranges, isNegated }: CharacterSet): number | undefined {
  const [first] = ranges;
  return !isNegated && first && ranges.length === 1 && first[0] === first[1] ? first[0] : undefined;
}

/** Half a character must not be found within a whole one. */
function isWellFormed(text: string): boolean {
  return !/[\ud800-\udfff]/u.test(text);
}

/** A part this short occurs in too many lines. */
const LEAST_REQUIRED_LENGTH = 2;

function requiredPart(node: PatternNode, ignoreCase: boolean): PatternNode | undefined {
  if (node.kind !== 'sequence') return undefined;
  let best: { part: PatternNode; length: number } | undefined;
  for (const part of boundedRuns(node.items, ignoreCase)) {
    const length = leastLength(part);
    if (length >= LEAST_REQUIRED_LENGTH && length > (best?.length ?? 0)) best = { part, length };
  }
  return best?.part;
}

/** The stretches of items whose cost is bounded. */
function boundedRuns(items: readonly PatternNode[], ignoreCase: boolean): PatternNode[] {
  const runs: PatternNode[] = [];
  let run: PatternNode[] = [];
  for (const item of items) {
    if (backtrackingCost(sequence([...run, item]), ignoreCase).steps <= MAX_NATIVE_STEPS) {
      run.push(item);
      continue;
    }
    runs.push(sequence(run));
    run = [];
  }
  return [...runs, sequence(run)];
}

function leastLength(node: PatternNode): number {
  switch (node.kind) {
    case 'character':
      return 1;
    case 'assertion':
      return 0;
    case 'sequence':
      return node.items.reduce((sum, item) => sum + leastLength(item), 0);
    case 'choice':
      return Math.min(...node.options.map(leastLength));
    case 'repeat':
      return node.minimum * leastLength(node.item);
  }
}

/**
 * The pattern without the repetitions at its ends that say nothing about whether a line matches: `.*error\d*` is found
 * exactly where `error` is.
 */
export function trimmed(node: PatternNode): PatternNode {
  return trimmedEnd(trimmedEnd(node, 0), -1);
}

function trimmedEnd(node: PatternNode, end: 0 | -1): PatternNode {
  switch (node.kind) {
    case 'character':
    case 'assertion':
      return node;
    case 'choice':
      return { kind: 'choice', options: node.options.map((option) => trimmedEnd(option, end)) };
    case 'repeat':
      return trimmedRepeat(node.item, node.minimum, end);
    case 'sequence':
      return trimmedSequence(node.items, end);
  }
}

function trimmedRepeat(item: PatternNode, minimum: number, end: 0 | -1): PatternNode {
  if (minimum === 0) return NOTHING;
  if (minimum === 1) return trimmedEnd(item, end);
  return { kind: 'repeat', item, minimum, maximum: minimum };
}

function trimmedSequence(items: readonly PatternNode[], end: 0 | -1): PatternNode {
  const outer = items.at(end);
  if (outer === undefined) return NOTHING;
  const rest = end === 0 ? items.slice(1) : items.slice(0, -1);
  const kept = trimmedEnd(outer, end);
  if (kept === NOTHING) return trimmedSequence(rest, end);
  return sequence(end === 0 ? [kept, ...rest] : [...rest, kept]);
}

const ASSERTION_SOURCES: Readonly<Record<Assertion, string>> = {
  start: '^',
  end: '$',
  wordBoundary: '\\b',
  noWordBoundary: '\\B',
};

function nativeSource(node: PatternNode): string {
  switch (node.kind) {
    case 'character':
      return setSource(node.set);
    case 'assertion':
      return ASSERTION_SOURCES[node.assertion];
    case 'sequence':
      return node.items.map(nativeSource).join('');
    case 'choice':
      return `(?:${node.options.map(nativeSource).join('|')})`;
    case 'repeat':
      return `(?:${nativeSource(node.item)}){${node.minimum},${node.maximum === Infinity ? '' : node.maximum}}`;
  }
}

function setSource({ ranges, isNegated }: CharacterSet): string {
  const member = onlyMember({ ranges, isNegated });
  if (member !== undefined) return escaped(member);
  if (!isNegated && ranges.length === 0) return '[]';
  if (isNegated && ranges.length === 0) return `[\\u{0}-${escaped(LAST_CODE_POINT)}]`;
  const listed = ranges.map(([from, to]) => `${escaped(from)}-${escaped(to)}`).join('');
  return `[${isNegated ? '^' : ''}${listed}]`;
}

function escaped(codePoint: number): string {
  return `\\u{${codePoint.toString(16)}}`;
}
