const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUES: ReadonlyMap<string, number> = new Map(
  Array.from(ALPHABET, (character, index) => [character, index]),
);

const BITS_PER_CHARACTER = 6;
const BITS_PER_BYTE = 8;
const CHARACTER_MASK = 0x3f;
const BYTE_MASK = 0xff;

/** RFC 4648, without padding. For keys and links, not for bulk. */
export function encodeBase64url(bytes: Uint8Array): string {
  let text = '';
  let pending = 0;
  let pendingBits = 0;
  for (const byte of bytes) {
    pending = ((pending << BITS_PER_BYTE) | byte) & 0xffff;
    pendingBits += BITS_PER_BYTE;
    while (pendingBits >= BITS_PER_CHARACTER) {
      pendingBits -= BITS_PER_CHARACTER;
      text += ALPHABET.charAt((pending >> pendingBits) & CHARACTER_MASK);
    }
  }
  if (pendingBits > 0)
    text += ALPHABET.charAt((pending << (BITS_PER_CHARACTER - pendingBits)) & CHARACTER_MASK);
  return text;
}

/** `undefined` for text that {@link encodeBase64url} would not have made. */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * BITS_PER_CHARACTER) / BITS_PER_BYTE));
  let pending = 0;
  let pendingBits = 0;
  let length = 0;
  for (const character of text) {
    const value = VALUES.get(character);
    if (value === undefined) return undefined;
    pending = ((pending << BITS_PER_CHARACTER) | value) & 0xffff;
    pendingBits += BITS_PER_CHARACTER;
    if (pendingBits < BITS_PER_BYTE) continue;
    pendingBits -= BITS_PER_BYTE;
    bytes[length++] = (pending >> pendingBits) & BYTE_MASK;
  }
  const leftover = pending & ((1 << pendingBits) - 1);
  return pendingBits >= BITS_PER_CHARACTER || leftover !== 0 ? undefined : bytes;
}
