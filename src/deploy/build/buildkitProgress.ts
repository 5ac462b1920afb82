import type { BuildStep } from './classicProgress';

type Fields = Readonly<Record<string, unknown>>;

export interface BuildkitOutput {
  readonly lines: readonly { readonly stream: 'stdout' | 'stderr'; readonly text: string }[];
  readonly step?: BuildStep;
  /** Of a step that failed. */
  readonly error?: string;
}

/** Reads `docker buildx build --progress=rawjson`: steps as they begin and end, and what they write. */
export class BuildkitProgress {
  private readonly names = new Map<string, string>();
  private readonly completed = new Set<string>();
  private readonly announced = new Set<string>();
  private readonly rests = new Map<string, string>();

  /** One line of JSON; what is none is text for the log. */
  take(line: string): BuildkitOutput {
    const status = parse(line);
    if (!status) return { lines: line.trim() === '' ? [] : [{ stream: 'stderr', text: line }] };
    const lines: { stream: 'stdout' | 'stderr'; text: string }[] = [];
    let error: string | undefined;
    for (const vertex of list(status['vertexes'])) {
      const text = this.takeVertex(vertex);
      if (text !== undefined) lines.push({ stream: 'stdout', text });
      error = textOf(vertex['error']) ?? error;
    }
    for (const log of list(status['logs'])) lines.push(...this.takeLog(log));
    const step = this.step();
    return { lines, ...(step && { step }), ...(error !== undefined && { error }) };
  }

  private takeVertex(vertex: Fields): string | undefined {
    const digest = textOf(vertex['digest']);
    if (digest === undefined) return undefined;
    const name = textOf(vertex['name']) ?? this.names.get(digest) ?? digest;
    this.names.set(digest, name);
    if (vertex['completed'] !== undefined) this.completed.add(digest);
    const isBegun = vertex['started'] !== undefined || vertex['cached'] === true;
    if (!isBegun || this.announced.has(digest)) return undefined;
    this.announced.add(digest);
    return vertex['cached'] === true ? `${name} (cached)` : name;
  }

  private *takeLog(log: Fields): Iterable<{ stream: 'stdout' | 'stderr'; text: string }> {
    const stream = log['stream'] === 2 ? 'stderr' : 'stdout';
    const key = `${textOf(log['vertex']) ?? ''}/${stream}`;
    const text =
      (this.rests.get(key) ?? '') + Buffer.from(textOf(log['data']) ?? '', 'base64').toString('utf8');
    const lines = text.split(/\r?\n/);
    this.rests.set(key, lines.pop() ?? '');
    for (const line of lines) yield { stream, text: line };
  }

  /** Steps become known before they run: those of the Dockerfile all at once. */
  private step(): BuildStep | undefined {
    if (this.names.size === 0) return undefined;
    const running = [...this.announced].filter((digest) => !this.completed.has(digest)).at(-1);
    const message = running === undefined ? 'Building the image.' : (this.names.get(running) ?? '');
    return { fraction: this.completed.size / this.names.size, message };
  }
}

function parse(line: string): Fields | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Fields;
  } catch {
    return undefined;
  }
}

function list(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? (value as readonly Fields[]) : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
