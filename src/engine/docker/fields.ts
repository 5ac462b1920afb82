/**
 * Reads fields of an engine's answer without trusting it: a field that is missing or of another type reads as absent.
 * Engines differ and add fields freely, so what an answer must have is decided by its reader, not by a closed schema.
 */
export type Fields = Readonly<Record<string, unknown>>;

export function asFields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Only the entries whose value is a string. */
export function asTextRecord(value: unknown): Readonly<Record<string, string>> {
  const fields = asFields(value);
  if (!fields) return {};
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
