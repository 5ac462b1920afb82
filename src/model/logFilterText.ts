import type { Pattern } from './logPattern';

/** Flags that the pattern engine takes; other letters after a slash are a part of a path. */
const REGEX_FORM = /^\/(.+)\/([gimsu]*)$/;
const REGEX_SIGNS = /[\\^$.*+?()[\]{}|/]/g;

/**
 * A pattern as somebody types it: a regular expression between slashes with flags behind, such as `/time.?out/i`, else a
 * text that is looked for in any case. A path such as `/api/users` is a text.
 */
export function typedPattern(typed: string): Pattern {
  const [, source, flags = ''] = REGEX_FORM.exec(typed) ?? [];
  return source === undefined
    ? { kind: 'text', text: typed, matchCase: false }
    : { kind: 'regex', source, flags };
}

/** What {@link typedPattern} would make the pattern of, or one that finds the same. */
export function patternAsTyped(pattern: Pattern): string {
  if (pattern.kind === 'regex') return `/${pattern.source}/${pattern.flags}`;
  const { text, matchCase } = pattern;
  if (!matchCase && !REGEX_FORM.test(text)) return text;
  return `/${text.replace(REGEX_SIGNS, '\\$&')}/${matchCase ? '' : 'i'}`;
}

/** As {@link patternAsTyped}, with quotes around a text. */
export function patternInQuotes(pattern: Pattern): string {
  const typed = patternAsTyped(pattern);
  return typedPattern(typed).kind === 'text' ? `"${typed}"` : typed;
}

export function isSamePattern(one: Pattern, other: Pattern): boolean {
  return patternAsTyped(one) === patternAsTyped(other);
}
