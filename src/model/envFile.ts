/** A line of an env file: a variable and its value, or only a name, whose value is that of whoever deploys. */
export interface EnvFileVariable {
  readonly name: string;
  readonly value?: string;
}

export interface EnvFile {
  readonly variables: readonly EnvFileVariable[];
  /** Numbers, from 1, of lines that are neither. What they hold may be secret, so it is not told. */
  readonly badLines: readonly number[];
}

const LINE = /^(?:export\s+)?([^=\s#][^=\s]*)\s*(?:=(.*))?$/s;
const QUOTED = /^\s*(["'])(.*)\1\s*(?:#.*)?$/s;

/**
 * Reads an env file: a `NAME=VALUE` a line, `#` before comments, `export` and quotes around values allowed. In double
 * quotes `\n` is a line break. Without quotes ` #` begins a comment.
 */
export function parseEnvFile(text: string): EnvFile {
  const variables: EnvFileVariable[] = [];
  const badLines: number[] = [];
  text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .forEach((line, index) => {
      const trimmed = line.trim();
      if (trimmed === '' || trimmed.startsWith('#')) return;
      const match = LINE.exec(trimmed);
      if (!match || trimmed.includes('\0')) badLines.push(index + 1);
      else variables.push(variableOf(match[1] ?? '', match[2]));
    });
  return { variables, badLines };
}

function variableOf(name: string, written: string | undefined): EnvFileVariable {
  if (written === undefined) return { name };
  const [, quote, quoted = ''] = QUOTED.exec(written) ?? [];
  if (quote === '"')
    return { name, value: quoted.replace(/\\(["\\n])/g, (_, one) => (one === 'n' ? '\n' : String(one))) };
  if (quote === "'") return { name, value: quoted };
  return { name, value: written.replace(/\s+#.*$/s, '').trim() };
}
