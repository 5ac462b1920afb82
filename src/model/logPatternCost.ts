import { complement, normalized, type CharacterSet, type CodeRange } from './logPatternCharacters';
import type { PatternNode } from './logPatternSyntax';

/**
 * Upper bounds for a backtracking matcher: in how many ways a node can match at one place, and how many steps trying
 * them all takes, where a run of equal characters counts as one step.
 */
export interface Cost {
  readonly ways: number;
  readonly steps: number;
}

const ONE: Cost = { ways: 1, steps: 1 };
const UNBOUNDED: Cost = { ways: Infinity, steps: Infinity };
/** Beyond this, costs are not worked out any further. */
const HIGHEST_COST = 100_000;

/**
 * What searching a line for the pattern costs a backtracking matcher at each of the line's places, on average over a
 * line of any content; infinite where that grows with the line.
 */
export function backtrackingCost(node: PatternNode, ignoreCase: boolean): Cost {
  switch (node.kind) {
    case 'character':
    case 'assertion':
      return ONE;
    case 'sequence':
      return sequenceCost(node.items, ignoreCase);
    case 'choice':
      return node.options
        .map((option) => backtrackingCost(option, ignoreCase))
        .reduce((sum, cost) => ({ ways: sum.ways + cost.ways, steps: sum.steps + cost.steps }));
    case 'repeat':
      return repetitionCost(node, ignoreCase);
  }
}

function sequenceCost(items: readonly PatternNode[], ignoreCase: boolean): Cost {
  return items
    .map((item, index) =>
      isDelimitedRun(item, items[index - 1], items[index + 1], ignoreCase)
        ? ONE
        : backtrackingCost(item, ignoreCase),
    )
    .reduce(followedBy, ONE);
}

function followedBy(first: Cost, second: Cost): Cost {
  return { ways: first.ways * second.ways, steps: first.steps + first.ways * second.steps };
}

function repetitionCost(node: PatternNode & { kind: 'repeat' }, ignoreCase: boolean): Cost {
  const { minimum, maximum } = node;
  if (maximum === Infinity) return UNBOUNDED;
  const item = backtrackingCost(node.item, ignoreCase);
  // What is unbounded once is more than a run when it comes again.
  if (maximum > 1 && containsUnbounded(node.item)) return UNBOUNDED;
  let ways = minimum === 0 ? 1 : 0;
  let reached = ONE;
  for (let count = 1; count <= maximum && reached.steps <= HIGHEST_COST; count++) {
    reached = followedBy(reached, item);
    if (count >= minimum) ways += reached.ways;
  }
  return reached.steps > HIGHEST_COST ? UNBOUNDED : { ways, steps: reached.steps + ways };
}

function containsUnbounded(node: PatternNode): boolean {
  switch (node.kind) {
    case 'character':
    case 'assertion':
      return false;
    case 'sequence':
      return node.items.some(containsUnbounded);
    case 'choice':
      return node.options.some(containsUnbounded);
    case 'repeat':
      return node.maximum === Infinity || containsUnbounded(node.item);
  }
}

/**
 * Whether an unbounded repetition can only match a whole run of its characters: it repeats one set, and what stands
 * before and after it is one character each that is not in the set, as in `took \d+ ms` or `"[^"]*"`. A run then has one
 * beginning and one end; only the places right before the run lead into it, so that its length counts but once.
 */
function isDelimitedRun(
  item: PatternNode,
  before: PatternNode | undefined,
  after: PatternNode | undefined,
  ignoreCase: boolean,
): boolean {
  if (item.kind !== 'repeat' || item.maximum !== Infinity || item.item.kind !== 'character') return false;
  if (before?.kind !== 'character' || after?.kind !== 'character') return false;
  const run = rangesOf(item.item.set, ignoreCase);
  return [before, after].every(({ set }) => !overlap(run, rangesOf(set, ignoreCase)));
}

const LAST_ASCII = 0x7f;
/** All that lies beyond ASCII, taken as one where case is ignored. */
const BEYOND_ASCII: CodeRange = [LAST_ASCII + 1, 0x10ffff];
const CASE_DISTANCE = 0x20;

/** The ranges of a set; where case is ignored, at least all characters that are the same as one of the set's. */
function rangesOf({ ranges, isNegated }: CharacterSet, ignoreCase: boolean): readonly CodeRange[] {
  const plain = isNegated ? complement(ranges) : ranges;
  if (!ignoreCase) return plain;
  const widened: CodeRange[] = [...plain];
  for (const range of plain) {
    const upper = intersection(range, [0x41, 0x5a]);
    const lower = intersection(range, [0x61, 0x7a]);
    if (upper) widened.push([upper[0] + CASE_DISTANCE, upper[1] + CASE_DISTANCE]);
    if (lower) widened.push([lower[0] - CASE_DISTANCE, lower[1] - CASE_DISTANCE]);
    // Some letters of ASCII have an equal beyond it (K, s), and the other way round.
    if (upper ?? lower ?? intersection(range, BEYOND_ASCII)) widened.push(BEYOND_ASCII);
    if (range[1] > LAST_ASCII) widened.push([0x41, 0x5a], [0x61, 0x7a]);
  }
  return normalized(widened);
}

function intersection(a: CodeRange, b: CodeRange): CodeRange | undefined {
  const first = Math.max(a[0], b[0]);
  const last = Math.min(a[1], b[1]);
  return first <= last ? [first, last] : undefined;
}

function overlap(a: readonly CodeRange[], b: readonly CodeRange[]): boolean {
  return a.some((range) => b.some((other) => intersection(range, other) !== undefined));
}
