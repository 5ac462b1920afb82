/**
 * A terminal's control sequences: CSI (colours, cursor), strings that end with BEL or ST (titles, links), charset
 * choices and two-byte escapes. The 8-bit forms (C1) do not occur in UTF-8 text and fall to {@link visible}.
 * Form: ECMA-48, section 5.4 and 5.6. Every alternative advances without overlap, so matching is linear.
 */
const CONTROL_SEQUENCE =
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)|[ -/]+[0-~]|[0-Z\\`-~])/g;

// eslint-disable-next-line no-control-regex -- as above; tab is left alone
const UNPRINTABLE = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/g;
const DELETE = 0x7f;
const CONTROL_PICTURES = 0x2400;
const DELETE_PICTURE = 0x2421;

/** Whether a line holds anything that {@link plainLine} would change. */
// eslint-disable-next-line no-control-regex -- as above
const NEEDS_WORK = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/;

/**
 * One line of a log as an editor can show it: without a terminal's control sequences, with a progress display that
 * rewrote itself by carriage returns reduced to its last state, and every other control character made visible as its
 * picture (␀, ␇), so that binary output can't disturb the lines around it.
 */
export function plainLine(line: string): string {
  if (!NEEDS_WORK.test(line)) return line;
  return lastState(line.replace(CONTROL_SEQUENCE, '')).replace(UNPRINTABLE, visible);
}

/** Colours and other looks of text (SGR), the one kind of control sequence that does nothing but that. */
// eslint-disable-next-line no-control-regex -- as above
const LOOK_SEQUENCE = /^\u001b\[[0-9;:]*m$/;
const UNPRINTABLE_IN_TERMINAL =
  // eslint-disable-next-line no-control-regex -- as above, but for the escape that begins a look
  /[\u0000-\u0008\u000a-\u001a\u001c-\u001f\u007f-\u009f]|\u001b(?!\[[0-9;:]*m)/g;

/**
 * One line of a log as a terminal can show it: with its colours, and otherwise like {@link plainLine}. What moves the
 * cursor, sets a title or reaches for the clipboard is left out: a log must not be able to.
 */
export function colouredLine(line: string): string {
  if (!NEEDS_WORK.test(line)) return line;
  const looks = line.replace(CONTROL_SEQUENCE, (sequence) => (LOOK_SEQUENCE.test(sequence) ? sequence : ''));
  return lastState(looks).replace(UNPRINTABLE_IN_TERMINAL, visible);
}

function lastState(text: string): string {
  if (!text.includes('\r')) return text;
  const states = text.split('\r').filter((state) => state !== '');
  return states[states.length - 1] ?? '';
}

function visible(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(CONTROL_PICTURES + code);
  return code === DELETE ? String.fromCharCode(DELETE_PICTURE) : '\ufffd';
}
