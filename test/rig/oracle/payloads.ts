/** The seeded pool of payloads that a writer's lines are made of. */
import { makePayload, type Payload } from './oracleLine';

/** A prime, so that the writers' walk through the pool meets every payload. */
const POOL_SIZE = 997;
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_.:/=[]{}"\'';
/** Two, three and four bytes long in UTF-8. */
const WIDE = ['ä', 'ß', 'é', '→', '漢', '字', '🐳', '🚢'];
/** The engine cuts longer lines into parts of this many bytes. */
const PART_BYTES = 16 * 1024;

export interface PayloadOptions {
  readonly random: () => number;
  /**
   * Whether lines longer than a part may hold multibyte characters: the json-file driver stores U+FFFD for a character
   * that a part's end splits, and nobody can repair that.
   */
  readonly hasWideLongLines: boolean;
}

/**
 * Payloads between nothing and several parts, most of them as long as log lines are. None contains a line ending, an
 * engine's timestamp or what looks like the beginning of an oracle line.
 */
export function makePayloads({ random, hasWideLongLines }: PayloadOptions): readonly Payload[] {
  const ascii = (length: number): string => text(random, length, 0);
  const mixed = (length: number): string => text(random, length, 0.2);
  const long = hasWideLongLines ? mixed : ascii;
  const special = [
    '',
    ' ',
    '\u001b[31mred\u001b[0m',
    ascii(1),
    ascii(4_096),
    mixed(2_000),
    // Around the end of a part, whatever the header in front of it takes.
    ascii(PART_BYTES - 40),
    ascii(PART_BYTES - 20),
    long(PART_BYTES),
    long(3 * PART_BYTES + 17),
  ];
  const usual = Array.from({ length: POOL_SIZE - special.length }, () => {
    const length = Math.floor(20 + 140 * random() ** 2);
    return random() < 0.15 ? mixed(length) : ascii(length);
  });
  return shuffled([...special, ...usual], random).map(makePayload);
}

/** One line `LENGTH CHECKSUM PAYLOAD` for each, as the writers in containers read it. */
export function encodePool(payloads: readonly Payload[]): string {
  return payloads
    .map(({ text: payload, lengthBytes, checksum }) => `${lengthBytes} ${checksum} ${payload}\n`)
    .join('');
}

function text(random: () => number, length: number, wideShare: number): string {
  let result = '';
  for (let index = 0; index < length; index++) {
    const isWide = wideShare > 0 && random() < wideShare;
    const from: ArrayLike<string> = isWide ? WIDE : LETTERS;
    result += from[Math.floor(random() * from.length)] ?? '';
  }
  return result;
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, rank: random() }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ item }) => item);
}
