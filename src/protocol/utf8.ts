// The pure folders are compiled without Node's and the DOM's types; every host we run in has these two.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, target: Uint8Array): { readonly read: number; readonly written: number };
}
declare class TextDecoder {
  constructor(label: string, options: { readonly fatal: boolean; readonly ignoreBOM: boolean });
  decode(bytes: Uint8Array): string;
}

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** @returns how many bytes it wrote; the target must have room for three per UTF-16 unit */
export function encodeUtf8Into(text: string, target: Uint8Array): number {
  return encoder.encodeInto(text, target).written;
}

/**
 * Fills as many bytes as the text has UTF-16 units.
 *
 * @returns whether it was all ASCII; if not, what it filled in is of no use
 */
export function encodeAscii(text: string, target: Uint8Array): boolean {
  // Any other character needs more bytes than units, so that the last one does not fit.
  return encoder.encodeInto(text, target).read === text.length;
}

/** `undefined` for bytes that are no UTF-8. A byte order mark is kept: it is text. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const TOP_TWO_BITS = 0xc0;
const CONTINUATION = 0x80;
const FIRST_OF_FOUR_BYTES = 0xf0;

/** Whether a byte is inside a character, not its first. */
export function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & TOP_TWO_BITS) === CONTINUATION;
}

/** How many UTF-16 units the valid UTF-8 from `start` up to `end` decodes to. */
export function utf16Length(bytes: Uint8Array, start: number, end: number): number {
  let units = 0;
  for (let index = start; index < end; index++) {
    const byte = bytes[index] ?? 0;
    if ((byte & TOP_TWO_BITS) !== CONTINUATION) units += byte >= FIRST_OF_FOUR_BYTES ? 2 : 1;
  }
  return units;
}
