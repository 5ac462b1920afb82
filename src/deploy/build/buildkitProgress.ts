import { StringDecoder } from 'node:string_decoder';
import type { BuildStep } from './classicProgress';
import { JsonDocuments, type Fields } from './jsonDocuments';

type Stream = 'stdout' | 'stderr';

export interface BuildkitLine {
  readonly stream: Stream;
  readonly text: string;
}

export interface BuildkitOutput {
  readonly lines: readonly BuildkitLine[];
  readonly step?: BuildStep;
}

/** A step of the Dockerfile: `[2/3] RUN make`, `[base 2/3] COPY . .`, `[linux/amd64 1/3] FROM alpine`. */
const DOCKERFILE_STEP = /^\[(?:[^\]]+ )?\d+\/\d+\] /;
const INTERNAL = /^\[internal\] /;
/** What the program says at its end, and why, whoever told it so. */
const LAST_WORDS = /^ERROR: (.+)$/;
const REPORTERS =
  /^(?:failed to build: |failed to solve: |failed to solve with frontend [\w.]+: |failed to create LLB definition: |rpc error: code = \w+ desc = )+/;
/** The engine's own name of the place where the context is, which nobody can look at. */
const BUILDERS_FOLDER = /\S*\/buildkit-mount\d+\//g;
/** The others of a build that failed are ended with it. */
const ENDED_WITH_OTHERS = /context canceled/;
/** Of a line that never ends. */
const LONGEST_LINE = 64 * 1024;

/** Reads `docker buildx build --progress=rawjson`: steps as they begin and end, and what they write. */
export class BuildkitProgress {
  private readonly documents = new JsonDocuments();
  private readonly names = new Map<string, string>();
  /** Those of the Dockerfile; they become known all at once, before the first of them runs. */
  private readonly steps = new Set<string>();
  private readonly completed = new Set<string>();
  private readonly announced = new Set<string>();
  private readonly rests = new Map<string, LineRest>();
  private message: string | undefined;
  private stepFailure: string | undefined;
  private lastWords: string | undefined;

  /** Why the build failed, as far as it was told. */
  get failure(): string | undefined {
    return this.lastWords ?? this.stepFailure;
  }

  /** A line of what the program wrote to its standard error. */
  take(line: string): BuildkitOutput {
    const document = this.documents.take(line);
    if (!document) return { lines: [] };
    if (document.kind === 'text') return { lines: this.takeText(document.text) };
    if (document.kind === 'broken')
      return {
        lines: [{ stream: 'stderr', text: 'A message of BuildKit can not be read: it is left out.' }],
      };
    const { fields } = document;
    const lines: BuildkitLine[] = [];
    // What a step wrote comes before its end.
    for (const log of list(fields['logs'])) lines.push(...this.takeLog(log));
    for (const vertex of list(fields['vertexes'])) lines.push(...this.takeVertex(vertex));
    const step = this.step();
    return { lines, ...(step && { step }) };
  }

  private takeText(text: string): readonly BuildkitLine[] {
    if (text.trim() === '') return [];
    const words = LAST_WORDS.exec(text)?.[1];
    if (words !== undefined) this.lastWords = plainReason(words);
    return [{ stream: 'stderr', text }];
  }

  private *takeVertex(vertex: Fields): Iterable<BuildkitLine> {
    const digest = textOf(vertex['digest']);
    if (digest === undefined) return;
    const name = textOf(vertex['name'])?.replace(/\s+/g, ' ') ?? this.names.get(digest) ?? digest;
    this.names.set(digest, name);
    if (DOCKERFILE_STEP.test(name)) this.steps.add(digest);
    const isBegun = vertex['started'] !== undefined || vertex['cached'] === true;
    if (isBegun && !this.announced.has(digest)) {
      this.announced.add(digest);
      yield { stream: 'stdout', text: vertex['cached'] === true ? `${name} (cached)` : name };
    }
    if (vertex['completed'] === undefined) return;
    yield* this.unendedLines(digest);
    const error = textOf(vertex['error']);
    if (error === undefined) this.completed.add(digest);
    else if (!ENDED_WITH_OTHERS.test(error)) this.stepFailure ??= plainReason(error);
  }

  private *takeLog(log: Fields): Iterable<BuildkitLine> {
    const stream = log['stream'] === 2 ? 'stderr' : 'stdout';
    const vertex = textOf(log['vertex']) ?? '';
    const key = `${vertex}/${stream}`;
    let rest = this.rests.get(key);
    if (!rest) this.rests.set(key, (rest = new LineRest(vertex, stream)));
    yield* rest.take(Buffer.from(textOf(log['data']) ?? '', 'base64'));
  }

  /** The step is over: no line feed will come. */
  private *unendedLines(vertex: string): Iterable<BuildkitLine> {
    for (const [key, rest] of this.rests) {
      if (rest.vertex !== vertex) continue;
      this.rests.delete(key);
      yield* rest.end();
    }
  }

  /** What is done before the Dockerfile's steps are known counts for nothing; writing the image counts as one of them. */
  private step(): BuildStep | undefined {
    if (this.names.size === 0) return undefined;
    const running = [...this.announced].filter((digest) => !this.completed.has(digest)).at(-1);
    if (running !== undefined) this.message = inWords(this.names.get(running) ?? running);
    const done = [...this.steps].filter((digest) => this.completed.has(digest)).length;
    return { fraction: done / (this.steps.size + 1), message: this.message ?? 'Building the image.' };
  }
}

/** What came of one stream of a step since its last line feed. */
class LineRest {
  private readonly decoder = new StringDecoder('utf8');
  private text = '';

  constructor(
    readonly vertex: string,
    private readonly stream: Stream,
  ) {}

  *take(data: Buffer): Iterable<BuildkitLine> {
    const lines = (this.text + this.decoder.write(data)).split(/\r?\n/);
    this.text = lines.pop() ?? '';
    if (this.text.length > LONGEST_LINE) {
      lines.push(this.text);
      this.text = '';
    }
    for (const text of lines) yield { stream: this.stream, text };
  }

  *end(): Iterable<BuildkitLine> {
    const text = this.text + this.decoder.end();
    if (text !== '') yield { stream: this.stream, text };
  }
}

/** `[internal] load build context` is no step of the person's own: `Load build context`. */
function inWords(name: string): string {
  const words = name.replace(INTERNAL, '');
  return words.startsWith('[') ? words : words.charAt(0).toUpperCase() + words.slice(1);
}

/** Without the names of those who passed it on. */
export function plainReason(words: string): string {
  return words.replace(REPORTERS, '').replace(BUILDERS_FOLDER, '');
}

function list(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? (value as readonly Fields[]) : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
