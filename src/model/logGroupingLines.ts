import { AsciiSet, blanksEnd, isBlank, isDigit } from './logLevelCharacters';
import { detectLevel } from './logLevelDetect';
import { isExceptionLine, nameEnd } from './logLevelTraces';

const OPEN_SQUARE = 0x5b;
const COLON = 0x3a;

/** Blank or indented, and not the indented head of a record. */
export function isIndented(text: string): boolean {
  if (text.length === 0) return true;
  if (!isBlank(text.charCodeAt(0))) return false;
  const first = blanksEnd(text, 0);
  const code = text.charCodeAt(first);
  // Some loggers indent their heads too; those begin with a time and state a level.
  const isTimed = isDigit(code) || (code === OPEN_SQUARE && isDigit(text.charCodeAt(first + 1)));
  return !isTimed || detectLevel(text) === undefined;
}

/** Lines that go on with a record wherever they come, by their first letter. */
const CONTINUATIONS: ReadonlyMap<string, string> = new Map([
  ['C', 'Caused by: '],
  ['S', 'Suppressed: '],
  ['D', 'During handling of the above exception, another exception occurred:'],
  ['T', 'The above exception was the direct cause of the following exception:'],
  ['N', 'Node.js v'],
  ['n', 'note: run with `RUST_BACKTRACE'],
  ['s', 'stack backtrace:'],
  ['-', '--- End of '],
]);
const FIRST_CODES = new AsciiSet([...CONTINUATIONS.keys(), 'a.}])'].join(''));

/** What closes an object or array that was written over several lines. */
const CLOSING = /^[\])}]+[;,]?$/;
const LONGEST_CLOSING = 8;

/** Whether a line that is not indented goes on with the record before by its own form: parts of traces, closing braces. */
export function continuesRecord(text: string): boolean {
  if (!FIRST_CODES.has(text.charCodeAt(0))) return false;
  if (text.startsWith('at ')) return isFrame(text);
  if (text.startsWith('... ')) return isDigit(text.charCodeAt('... '.length));
  if (text.length <= LONGEST_CLOSING && CLOSING.test(text)) return true;
  const beginning = CONTINUATIONS.get(text.charAt(0));
  return beginning !== undefined && text.startsWith(beginning);
}

/** `at com.example.App.run(App.java:12)`, `at Object.<anonymous> (/app/x.js:1:2)`, `at /app/x.js:1:2` */
function isFrame(text: string): boolean {
  return text.endsWith(')') || isDigit(text.charCodeAt(text.length - 1)) || text.includes(' in ');
}

/** The last line of a Python trace: the exception's name, alone or with a message. */
export function isPythonException(text: string): boolean {
  const end = nameEnd(text);
  return end > 0 && (end === text.length || text.charCodeAt(end) === COLON);
}

const GO_LINE =
  /^(?:goroutine \d|created by |\[signal |runtime[.:]|exit status \d|\.\.\.|PC=|(?:r\w{1,5}|[cfg]s) +0x|[\w./*()\-·[\]]+\(.*\)$)/;
/** What zap writes for a frame: only the function, its file indented below. */
const GO_FUNCTION = /^[a-z][\w\-/]*\.[\w.*()\-/[\]·]+$/;
const LONGEST_GO_LINE = 500;

/** A line of a Go panic or goroutine dump. */
export function isGoLine(text: string): boolean {
  return text.length <= LONGEST_GO_LINE && (GO_LINE.test(text) || isGoFunction(text));
}

/** A Go function's qualified name and nothing else: a frame of a stack that a logger wrote. */
export function isGoFunction(text: string): boolean {
  return text.length <= LONGEST_GO_LINE && !text.includes(' ') && GO_FUNCTION.test(text);
}

/** A line of Node's report of an uncaught error that is neither indented nor known by its own form. */
export function isNodeLine(text: string): boolean {
  return isExceptionLine(text) || text === 'Require stack:' || text.startsWith('- /');
}
