import { LAST_CODE_POINT, type CharacterSet } from './logPatternCharacters';
import { NOTHING, sequence, type Assertion, type PatternNode } from './logPatternSyntax';

/**
 * What a backtracking matcher may take at one place of a line, in steps. Searching a line then costs at most this many
 * steps a character, however hostile the line is.
 */
const MAX_NATIVE_STEPS = 500;

/**
 * The pattern as a native regular expression, if even a backtracking matcher needs but a bounded number of steps at each
 * place of a line; otherwise `undefined`.
 */
export function nativeExpression(node: PatternNode, ignoreCase: boolean): RegExp | undefined {
  if (backtrackingCost(node).steps > MAX_NATIVE_STEPS) return undefined;
  return new RegExp(nativeSource(node), ignoreCase ? 'iu' : 'u');
}

/**
 * A native expression for a part that every match contains, to pass over quickly the lines without it; `undefined` when
 * no such part is worth it.
 */
export function requiredExpression(node: PatternNode, ignoreCase: boolean): RegExp | undefined {
  const required = requiredPart(node);
  return required && nativeExpression(required, ignoreCase);
}

/** A part this short occurs in too many lines. */
const LEAST_REQUIRED_LENGTH = 2;

function requiredPart(node: PatternNode): PatternNode | undefined {
  if (node.kind !== 'sequence') return undefined;
  let best: { part: PatternNode; length: number } | undefined;
  for (const part of boundedRuns(node.items)) {
    const length = leastLength(part);
    if (length >= LEAST_REQUIRED_LENGTH && length > (best?.length ?? 0)) best = { part, length };
  }
  return best?.part;
}

/** The stretches of items whose cost is bounded. */
function boundedRuns(items: readonly PatternNode[]): PatternNode[] {
  const runs: PatternNode[] = [];
  let run: PatternNode[] = [];
  for (const item of items) {
    if (backtrackingCost(sequence([...run, item])).steps <= MAX_NATIVE_STEPS) {
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

/** Upper bounds: in how many ways a node can match at one place, and how many steps trying them all takes. */
interface Cost {
  readonly ways: number;
  readonly steps: number;
}

const ONE: Cost = { ways: 1, steps: 1 };
const UNBOUNDED: Cost = { ways: Infinity, steps: Infinity };

function backtrackingCost(node: PatternNode): Cost {
  switch (node.kind) {
    case 'character':
    case 'assertion':
      return ONE;
    case 'sequence':
      return node.items.map(backtrackingCost).reduce(followedBy, ONE);
    case 'choice':
      return node.options.map(backtrackingCost).reduce((sum, cost) => ({
        ways: sum.ways + cost.ways,
        steps: sum.steps + cost.steps,
      }));
    case 'repeat':
      return repetitionCost(backtrackingCost(node.item), node.minimum, node.maximum);
  }
}

function followedBy(first: Cost, second: Cost): Cost {
  return { ways: first.ways * second.ways, steps: first.steps + first.ways * second.steps };
}

function repetitionCost(item: Cost, minimum: number, maximum: number): Cost {
  if (maximum === Infinity) return UNBOUNDED;
  let ways = minimum === 0 ? 1 : 0;
  let reached = ONE;
  for (let count = 1; count <= maximum && reached.steps <= MAX_NATIVE_STEPS; count++) {
    reached = followedBy(reached, item);
    if (count >= minimum) ways += reached.ways;
  }
  return reached.steps > MAX_NATIVE_STEPS ? UNBOUNDED : { ways, steps: reached.steps + ways };
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
  const [first] = ranges;
  if (!isNegated && first && ranges.length === 1 && first[0] === first[1]) return escaped(first[0]);
  if (!isNegated && ranges.length === 0) return '[]';
  if (isNegated && ranges.length === 0) return `[\\u{0}-${escaped(LAST_CODE_POINT)}]`;
  const listed = ranges.map(([from, to]) => `${escaped(from)}-${escaped(to)}`).join('');
  return `[${isNegated ? '^' : ''}${listed}]`;
}

function escaped(codePoint: number): string {
  return `\\u{${codePoint.toString(16)}}`;
}
