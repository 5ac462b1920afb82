import type { CharacterSet } from './logPatternCharacters';

export type PatternProblemCode =
  | 'empty'
  | 'tooLong'
  | 'tooLarge'
  | 'tooDeep'
  | 'unknownFlag'
  | 'unclosedGroup'
  | 'unopenedGroup'
  | 'unclosedClass'
  | 'rangeOutOfOrder'
  | 'nothingToRepeat'
  | 'repeatOutOfOrder'
  | 'repeatTooOften'
  | 'endsWithBackslash'
  | 'unknownEscape'
  | 'backreference'
  | 'lookaround'
  | 'unsupportedGroup';

/** Why a pattern can't be used. */
export interface PatternProblem {
  readonly code: PatternProblemCode;
  /** Where in the pattern's source, in UTF-16 units from 0. */
  readonly position: number;
  /** What is wrong there, in English; the code is what to branch on and to translate by. */
  readonly message: string;
}

/** Carries a problem out of the depths of the parser; never leaves `compilePattern`. */
export class PatternProblemError extends Error {
  override readonly name = 'PatternProblemError';

  constructor(readonly problem: PatternProblem) {
    super(problem.message);
  }
}

export function fail(code: PatternProblemCode, position: number, message: string): never {
  throw new PatternProblemError({ code, position, message });
}

export type Assertion = 'start' | 'end' | 'wordBoundary' | 'noWordBoundary';

/** A regular expression's syntax tree. Whether a repetition is lazy is left out: it never decides whether a line matches. */
export type PatternNode =
  /** One character out of a set. */
  | { readonly kind: 'character'; readonly set: CharacterSet }
  | { readonly kind: 'assertion'; readonly assertion: Assertion }
  /** One after the other; without items, the empty text. */
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }
  /** `maximum` is `Infinity` where there is no bound. */
  | {
      readonly kind: 'repeat';
      readonly item: PatternNode;
      readonly minimum: number;
      readonly maximum: number;
    };

export const NOTHING: PatternNode = { kind: 'sequence', items: [] };

/** Items one after the other; sequences among them are taken apart. */
export function sequence(items: readonly PatternNode[]): PatternNode {
  const flat = items.flatMap((item) => (item.kind === 'sequence' ? item.items : [item]));
  const [only] = flat;
  if (only === undefined) return NOTHING;
  return flat.length === 1 ? only : { kind: 'sequence', items: flat };
}
