/** A place in a source file that a log line names. Line and column count from 1. */
export interface SourceReference {
  /** Where the reference stands in the line, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** As it stands there, or for Java the package as folders with the file's name. */
  readonly path: string;
  readonly line: number;
  readonly column?: number;
  /** The path ends with this but may begin anywhere: Java names packages, not folders. */
  readonly isSuffix: boolean;
}

/** Longer lines are not looked into beyond this. */
const MAX_LINE_LENGTH = 4_000;
const MAX_PER_LINE = 20;

/** `File "app/main.py", line 12` */
const PYTHON = /File "([^"\n]{1,300})", line (\d{1,7})/g;
/** `at com.example.shop.Cart.add(Cart.java:12)` */
const JAVA = /([\w$]{1,80}(?:\.[\w$<>]{1,80}){0,20})\((\w{1,80}\.(?:java|kt|scala|groovy)):(\d{1,7})\)/g;
/** `src/app.ts:12:5`, `C:\app\x.cs:12`, also after `file://`, `webpack://` and in brackets. */
const PLAIN =
  /(?<![\w./\\@%-])(?<!:(?=\d))(?:file:\/\/)?((?:[A-Za-z]:[\\/]|\.{0,2}[\\/])?(?:[\w.@+-]{1,100}[\\/]){0,30}[\w.@+-]{0,100}\.[A-Za-z]\w{0,9}):(\d{1,7})(?::(\d{1,6}))?(?!\w|:\d)/g;

/** The places a line of a log names, in their order, as compilers and runtimes of Node, Python, Java and Go write them. */
export function findSourceReferences(text: string): SourceReference[] {
  const line = text.length > MAX_LINE_LENGTH ? text.slice(0, MAX_LINE_LENGTH) : text;
  if (!/\d/.test(line) || !line.includes('.')) return [];
  const found = [...python(line), ...java(line), ...plain(line)].sort(
    (left, right) => left.start - right.start,
  );
  const kept: SourceReference[] = [];
  for (const reference of found) {
    const isFree = reference.start >= (kept[kept.length - 1]?.end ?? 0);
    if (isFree && kept.length < MAX_PER_LINE) kept.push(reference);
  }
  return kept;
}

function python(line: string): SourceReference[] {
  if (!line.includes('File "')) return [];
  return [...line.matchAll(PYTHON)].map((match) => {
    const [whole, path = '', lineNumber] = match;
    return { ...span(match.index, whole), path, line: Number(lineNumber), isSuffix: false };
  });
}

function java(line: string): SourceReference[] {
  if (!line.includes('(')) return [];
  return [...line.matchAll(JAVA)].map((match) => {
    const [whole, method = '', file = '', lineNumber = ''] = match;
    // Without the method and the class, which the file's name stands for.
    const folders = method.split('.').slice(0, -2);
    const start = match.index + method.length + 1;
    const end = match.index + whole.length - 1;
    return { start, end, path: [...folders, file].join('/'), line: Number(lineNumber), isSuffix: true };
  });
}

function plain(line: string): SourceReference[] {
  if (!line.includes(':')) return [];
  return [...line.matchAll(PLAIN)].map((match) => {
    const [whole, path = '', lineNumber, column] = match;
    const place = { ...span(match.index, whole), path, line: Number(lineNumber), isSuffix: false };
    return column === undefined ? place : { ...place, column: Number(column) };
  });
}

function span(start: number, whole: string): Pick<SourceReference, 'start' | 'end'> {
  return { start, end: start + whole.length };
}

/**
 * The endings of a path, longest first, as paths relative to a folder: a container's `/app/src/x.ts` may be the
 * workspace's `src/x.ts`. Nothing leads out of the folder.
 */
export function pathEndings(path: string): string[] {
  const segments = path
    .replace(/^[A-Za-z]:/, '')
    .split(/[\\/]+/)
    .filter((segment) => segment !== '' && segment !== '.');
  const climbs = segments.lastIndexOf('..');
  const inside = segments.slice(climbs + 1);
  return inside.map((_, index) => inside.slice(index).join('/'));
}
