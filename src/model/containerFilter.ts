import { isActive, type Container } from './container';

/** What of the containers is shown. */
export interface ContainerFilter {
  /** Words that must all occur; a word after `!` or `-` must not. Empty shows all. */
  readonly text: string;
  readonly hideStopped: boolean;
}

export const SHOW_ALL: ContainerFilter = { text: '', hideStopped: false };

export type ContainerPredicate = (container: Container) => boolean;

/** Whether a container's name, image, state, health, Compose project or service carries the words of the filter. */
export function matchesText(text: string): ContainerPredicate {
  const { wanted, unwanted } = parseWords(text);
  if (wanted.length === 0 && unwanted.length === 0) return () => true;
  return (container) => {
    const haystack = searchText(container);
    return (
      wanted.every((word) => haystack.includes(word)) && !unwanted.some((word) => haystack.includes(word))
    );
  };
}

export function compileFilter(filter: ContainerFilter): ContainerPredicate {
  const matches = matchesText(filter.text);
  return filter.hideStopped ? (container) => isActive(container) && matches(container) : matches;
}

/** Where the words of the filter stand in a label, as sorted, disjoint `[start, end)` pairs. */
export function highlightRanges(label: string, text: string): [number, number][] {
  const lower = label.toLowerCase();
  // Some letters change length in lower case; offsets would be wrong then.
  if (lower.length !== label.length) return [];
  const ranges = parseWords(text).wanted.flatMap((word) => occurrences(lower, word));
  ranges.sort((left, right) => left[0] - right[0] || left[1] - right[1]);
  return mergeOverlaps(ranges);
}

function parseWords(text: string): { wanted: string[]; unwanted: string[] } {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const isExclusion = (word: string): boolean => /^[!-]/.test(word);
  return {
    wanted: words.filter((word) => !isExclusion(word)),
    unwanted: words
      .filter(isExclusion)
      .map((word) => word.slice(1))
      .filter((word) => word !== ''),
  };
}

/** Containers are never mutated, so what is searched in one is made once. */
const searchTexts = new WeakMap<Container, string>();

function searchText(container: Container): string {
  const known = searchTexts.get(container);
  if (known !== undefined) return known;
  const { name, image, state, health, compose } = container;
  const parts = [name, image, state, health ?? '', compose?.project ?? '', compose?.service ?? ''];
  const text = parts.join('\n').toLowerCase();
  searchTexts.set(container, text);
  return text;
}

function occurrences(lower: string, word: string): [number, number][] {
  const found: [number, number][] = [];
  for (let at = lower.indexOf(word); at !== -1; at = lower.indexOf(word, at + word.length)) {
    found.push([at, at + word.length]);
  }
  return found;
}

function mergeOverlaps(ranges: readonly [number, number][]): [number, number][] {
  const merged: [number, number][] = [];
  for (const range of ranges) {
    const last = merged.at(-1);
    if (last !== undefined && range[0] <= last[1]) last[1] = Math.max(last[1], range[1]);
    else merged.push([...range]);
  }
  return merged;
}
