import { stringEnd } from './logJsonMembers';

const QUOTE = 0x22;
const SPACE = 0x20;
const HIGH_SURROGATES = [0xd800, 0xdbff] as const;
/** A string of these only needs no quotes to be told from what stands around it. */
const PLAIN = /^[^\s"=\p{C}]+$/u;

/** A value as it shows after `key=`: a simple string bare, any other as JSON without blanks, at most so long. */
export function compactValue(raw: string, maxLength: number): string {
  if (raw.charCodeAt(0) !== QUOTE) return shortened(withoutBlanks(raw), maxLength);
  const value = stringValue(raw);
  const isPlain = PLAIN.test(value) && !looksLikeOther(value);
  return shortened(isPlain ? value : raw, maxLength);
}

/** The text of a JSON string; any other value as it is. Most strings need no more than to lose their quotes. */
export function stringValue(raw: string): string {
  if (raw.charCodeAt(0) !== QUOTE) return raw;
  return raw.includes('\\') ? String(JSON.parse(raw)) : raw.slice(1, -1);
}

/** A string that would be taken for a number, a literal or a nested value if it stood bare. */
function looksLikeOther(value: string): boolean {
  return /^(?:[[{-]|\d+(?:\.\d+)?$|true$|false$|null$)/.test(value);
}

/** JSON without the blanks between its parts. */
function withoutBlanks(json: string): string {
  let compact = '';
  let start = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(json, at) - 1;
    else if (code <= SPACE) {
      compact += json.slice(start, at);
      start = at + 1;
    }
  }
  return compact + json.slice(start);
}

/** The text cut to the length with `…` at its end, never within a character. */
export function shortened(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const end = Math.max(0, maxLength - 1);
  const last = text.charCodeAt(end - 1);
  const isSplit = last >= HIGH_SURROGATES[0] && last <= HIGH_SURROGATES[1];
  return `${text.slice(0, isSplit ? end - 1 : end)}…`;
}
