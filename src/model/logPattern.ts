import { single } from './logPatternCharacters';
import { PatternMachine } from './logPatternMachine';
import { eitherOf, nativeTest, requiredTest, trimmed, type LineTest } from './logPatternNative';
import { parsePattern, type ParsedPattern } from './logPatternParse';
import { buildProgram } from './logPatternProgram';
import { PatternProblemError, sequence, type PatternNode, type PatternProblem } from './logPatternSyntax';

/** What to look for in a line; plain data. */
export type Pattern =
  | { readonly kind: 'text'; readonly text: string; readonly matchCase: boolean }
  /** ECMAScript's syntax without backreferences and lookaround; of the flags, `i` and `s` have an effect. */
  | { readonly kind: 'regex'; readonly source: string; readonly flags: string };

/**
 * Tells whether a line contains a match. Takes time in proportion to the line's length, whatever pattern and line are.
 */
export interface LineMatcher {
  readonly kind: 'matcher';
  readonly test: LineTest;
}

export type PatternError = PatternProblem & { readonly kind: 'patternError' };

export const MAX_PATTERN_LENGTH = 1_000;

/**
 * Characters are Unicode code points, also beyond the BMP. Case is ignored after Unicode's simple folding, as with
 * ECMAScript's flags `iu`.
 *
 * Native expressions do the work wherever they need but a bounded number of steps at each place of a line, or tell
 * quickly that a line lacks what every match contains; the rest is the machine's.
 */
export function compilePattern(pattern: Pattern): LineMatcher | PatternError {
  try {
    const source = pattern.kind === 'text' ? pattern.text : pattern.source;
    if (source === '') return patternError({ code: 'empty', position: 0, message: 'The pattern is empty.' });
    if (source.length > MAX_PATTERN_LENGTH) return patternError(tooLong());
    if (pattern.kind === 'text' && pattern.matchCase) {
      return { kind: 'matcher', test: (line) => line.includes(source) };
    }
    return { kind: 'matcher', test: matching(parsed(pattern)) };
  } catch (error) {
    if (error instanceof PatternProblemError) return patternError(error.problem);
    throw error;
  }
}

function parsed(pattern: Pattern): ParsedPattern {
  return pattern.kind === 'regex'
    ? parsePattern(pattern.source, pattern.flags)
    : { root: literal(pattern.text), ignoreCase: !pattern.matchCase };
}

function literal(text: string): PatternNode {
  return sequence(
    Array.from(text, (character) => ({ kind: 'character', set: single(character.codePointAt(0) ?? 0) })),
  );
}

function matching({ root, ignoreCase }: ParsedPattern): LineTest {
  // The whole pattern is checked for its size, even where trimming makes it small.
  buildProgram(root, ignoreCase);
  const node = trimmed(root);
  const native = nativeTest(node, ignoreCase);
  if (native) return native;
  return node.kind === 'choice' ? oneOf(node.options, ignoreCase) : lineTest(node, ignoreCase);
}

/** Options are looked for one after the other, each in the way that suits it. */
function oneOf(options: readonly PatternNode[], ignoreCase: boolean): LineTest {
  return options.map((option) => lineTest(option, ignoreCase)).reduce(eitherOf);
}

function lineTest(node: PatternNode, ignoreCase: boolean): LineTest {
  const native = nativeTest(node, ignoreCase);
  if (native) return native;
  const machine = new PatternMachine(buildProgram(node, ignoreCase));
  const required = requiredTest(node, ignoreCase);
  if (!required) return (line) => machine.test(line);
  return (line) => required(line) && machine.test(line);
}

function patternError(problem: PatternProblem): PatternError {
  return { kind: 'patternError', ...problem };
}

function tooLong(): PatternProblem {
  return {
    code: 'tooLong',
    position: MAX_PATTERN_LENGTH,
    message: `The pattern is longer than ${MAX_PATTERN_LENGTH} characters.`,
  };
}
