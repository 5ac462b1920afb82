import { CharacterTest, WORD_CHARACTERS, type CharacterSet } from './logPatternCharacters';
import { fail, type Assertion, type PatternNode } from './logPatternSyntax';

/** One step of a matching machine; `next` and `other` are indices of steps. */
export type Instruction =
  | { readonly kind: 'character'; readonly test: CharacterTest; next: number }
  | { readonly kind: 'assertion'; readonly assertion: Assertion; next: number }
  | { readonly kind: 'split'; next: number; other: number }
  | { readonly kind: 'match' };

/** A nondeterministic machine after Thompson. */
export interface Program {
  readonly instructions: readonly Instruction[];
  readonly start: number;
  /** What word boundaries lie between; only where the pattern has any. */
  readonly word: CharacterTest | undefined;
}

/** Enough for the longest text, which takes one instruction a character. */
const MAX_INSTRUCTIONS = 1_024;
/** Repetitions of nothing make no instructions, but take time. */
const MAX_VISITS = 20_000;

/** @throws PatternProblemError when the machine would be too large */
export function buildProgram(root: PatternNode, ignoreCase: boolean): Program {
  const builder = new ProgramBuilder(ignoreCase);
  const match = builder.add({ kind: 'match' });
  const start = builder.build(root, match);
  const usesWords = builder.instructions.some(
    (instruction) =>
      instruction.kind === 'assertion' &&
      (instruction.assertion === 'wordBoundary' || instruction.assertion === 'noWordBoundary'),
  );
  const word = usesWords ? builder.testOf({ ranges: WORD_CHARACTERS, isNegated: false }) : undefined;
  return { instructions: builder.instructions, start, word };
}

/** Builds backwards: each node is given the index of what comes after it and returns that of its own beginning. */
class ProgramBuilder {
  readonly instructions: Instruction[] = [];
  private readonly tests = new Map<string, CharacterTest>();
  private visits = 0;

  constructor(private readonly ignoreCase: boolean) {}

  add(instruction: Instruction): number {
    if (this.instructions.length >= MAX_INSTRUCTIONS) tooLarge();
    this.instructions.push(instruction);
    return this.instructions.length - 1;
  }

  /** One test for all sets that are equal. */
  testOf(set: CharacterSet): CharacterTest {
    const key = `${set.isNegated ? '^' : ''}${set.ranges.join()}`;
    const test = this.tests.get(key) ?? new CharacterTest(set, this.ignoreCase);
    this.tests.set(key, test);
    return test;
  }

  build(node: PatternNode, next: number): number {
    if (++this.visits > MAX_VISITS) tooLarge();
    switch (node.kind) {
      case 'character':
        return this.add({ kind: 'character', test: this.testOf(node.set), next });
      case 'assertion':
        return this.add({ kind: 'assertion', assertion: node.assertion, next });
      case 'sequence':
        return node.items.reduceRight((after, item) => this.build(item, after), next);
      case 'choice':
        return node.options
          .map((option) => this.build(option, next))
          .reduceRight((other, first) => this.add({ kind: 'split', next: first, other }));
      case 'repeat':
        return this.repeat(node.item, node.minimum, node.maximum, next);
    }
  }

  private repeat(item: PatternNode, minimum: number, maximum: number, next: number): number {
    let start = next;
    if (maximum === Infinity) {
      start = this.loop(item, next);
    } else {
      for (let count = minimum; count < maximum; count++) {
        start = this.add({ kind: 'split', next: this.build(item, start), other: next });
      }
    }
    for (let count = 0; count < minimum; count++) start = this.build(item, start);
    return start;
  }

  private loop(item: PatternNode, next: number): number {
    const split: Instruction = { kind: 'split', next: 0, other: next };
    const index = this.add(split);
    split.next = this.build(item, index);
    return index;
  }
}

function tooLarge(): never {
  fail('tooLarge', 0, 'The pattern is too large: its repetitions multiply to too many steps.');
}
