/** What stands in the place of a secret. */
const MARK = '•••';
/** Shorter values occur in every text by chance; without them a log would be unreadable. */
const SHORTEST_SECRET = 4;
/** Values that are no secret, though they stand where secrets do. */
const USUAL_VALUES: ReadonlySet<string> = new Set([
  'true',
  'false',
  'none',
  'null',
  'production',
  'development',
  'staging',
  'test',
  'debug',
  'info',
  'warn',
  'error',
  'localhost',
  '0.0.0.0',
  '127.0.0.1',
]);
/** `scheme://user:password@`, wherever it stands. */
const URL_PASSWORD = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:@/]*):[^\s@/]+@/gi;

/**
 * Takes secrets out of text, whichever way they are written: as they are, line by line, in a URL, in JSON or in base64.
 * What is added counts from then on.
 */
export class Redactor {
  private readonly forms = new Set<string>();
  private pattern: RegExp | undefined;

  add(secrets: Iterable<string>): void {
    for (const secret of secrets) {
      if (!isSecret(secret)) continue;
      for (const form of formsOf(secret)) this.forms.add(form);
    }
    // The longest first, so that a secret that contains another is taken out whole.
    const longestFirst = [...this.forms].sort((left, right) => right.length - left.length);
    this.pattern =
      longestFirst.length === 0 ? undefined : new RegExp(longestFirst.map(escaped).join('|'), 'g');
  }

  redact(text: string): string {
    const plain = this.pattern ? text.replace(this.pattern, MARK) : text;
    return plain.replace(URL_PASSWORD, `$1:${MARK}@`);
  }
}

function isSecret(value: string): boolean {
  return value.trim().length >= SHORTEST_SECRET && !USUAL_VALUES.has(value.trim().toLowerCase());
}

function formsOf(secret: string): readonly string[] {
  const lines = secret.split(/\r?\n/).map((line) => line.trim());
  const whole = [secret, secret.trim(), ...lines.filter((line) => line.length >= SHORTEST_SECRET)];
  return whole.flatMap((text) => [
    text,
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    Buffer.from(text).toString('base64').replace(/=+$/, ''),
    Buffer.from(text).toString('base64url'),
  ]);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
