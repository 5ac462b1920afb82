import { hasForm, type FormName } from './deployFileForms';
import type { FileProblem } from './deployFileProblems';

const MOST_ENTRIES = 1_000;

/** A problem without its place. */
type Problem = FileProblem extends infer One ? (One extends FileProblem ? Omit<One, 'field'> : never) : never;

/** Reads the members of one object of the file, and says of each what is wrong with it. */
export class Fields {
  private constructor(
    private readonly members: Readonly<Record<string, unknown>>,
    private readonly place: string,
    private readonly problems: FileProblem[],
  ) {}

  /** `undefined` if it is no object; members beyond `known` are told of. */
  static of(
    value: unknown,
    place: string,
    known: readonly string[],
    problems: FileProblem[],
  ): Fields | undefined {
    const fields = Fields.open(value, place, problems);
    const strange = Object.keys(fields?.members ?? {}).filter((name) => !known.includes(name));
    for (const name of strange) {
      const meant = nearest(name, known);
      fields?.report(name, { kind: 'unknown', known, ...(meant !== undefined && { meant }) });
    }
    return fields;
  }

  /** As {@link of}, for an object whose members have names of their own. */
  private static open(value: unknown, place: string, problems: FileProblem[]): Fields | undefined {
    if (isRecord(value)) return new Fields(value, place, problems);
    problems.push({ field: place, kind: 'wrongType', expected: 'object' });
    return undefined;
  }

  report(name: string | undefined, problem: Problem): void {
    this.problems.push({
      field: name === undefined ? this.place : this.placeOf(name),
      ...problem,
    });
  }

  has(name: string): boolean {
    return Object.hasOwn(this.members, name);
  }

  object(name: string, known: readonly string[]): Fields | undefined {
    if (!this.has(name)) return undefined;
    return Fields.of(this.members[name], this.placeOf(name), known, this.problems);
  }

  text(name: string, form: FormName): string | undefined {
    if (!this.has(name)) return undefined;
    return this.textOf(this.members[name], this.placeOf(name), form);
  }

  choice<Option extends string>(name: string, options: readonly Option[]): Option | undefined {
    if (!this.has(name)) return undefined;
    const chosen = options.find((option) => option === this.members[name]);
    if (chosen === undefined) this.report(name, { kind: 'notOneOf', options });
    return chosen;
  }

  positive(name: string, most: number): number | undefined {
    if (!this.has(name)) return undefined;
    const value = this.members[name];
    if (typeof value !== 'number') this.report(name, { kind: 'wrongType', expected: 'number' });
    else if (value > 0 && value <= most) return value;
    else this.report(name, { kind: 'outOfRange', most });
    return undefined;
  }

  /** A list of at least one text. */
  texts(name: string, form: FormName): readonly string[] | undefined {
    if (!this.has(name)) return undefined;
    const value = this.members[name];
    if (!Array.isArray(value)) {
      this.report(name, { kind: 'wrongType', expected: 'list' });
      return undefined;
    }
    if (value.length === 0) this.report(name, { kind: 'empty' });
    if (value.length > MOST_ENTRIES) this.report(name, { kind: 'tooMany', most: MOST_ENTRIES });
    return value
      .slice(0, MOST_ENTRIES)
      .map((entry: unknown, index) => this.textOf(entry, `${this.placeOf(name)}[${index}]`, form))
      .filter((text) => text !== undefined);
  }

  /** Names and texts. */
  textMap(name: string, nameForm: FormName): Readonly<Record<string, string>> | undefined {
    if (!this.has(name)) return undefined;
    const value = this.members[name];
    if (!isRecord(value)) {
      this.report(name, { kind: 'wrongType', expected: 'texts' });
      return undefined;
    }
    const entries = Object.entries(value);
    if (entries.length > MOST_ENTRIES) this.report(name, { kind: 'tooMany', most: MOST_ENTRIES });
    const read = entries.slice(0, MOST_ENTRIES).map(([key, one]) => {
      const place = `${this.placeOf(name)}.${key}`;
      if (!hasForm(key, nameForm)) this.problems.push({ field: place, kind: 'badForm', form: nameForm });
      return [key, this.textOf(one, place, 'value')] as const;
    });
    return Object.fromEntries(
      read.filter((entry): entry is readonly [string, string] => entry[1] !== undefined),
    );
  }

  private textOf(value: unknown, place: string, form: FormName): string | undefined {
    if (typeof value !== 'string') this.problems.push({ field: place, kind: 'wrongType', expected: 'text' });
    else if (hasForm(value, form)) return value;
    else this.problems.push({ field: place, kind: 'badForm', form });
    return undefined;
  }

  private placeOf(name: string): string {
    return this.place === '' ? name : `${this.place}.${name}`;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The known name that somebody may have meant: it differs by its case, or by at most two letters. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const lower = name.toLowerCase();
  const best = known
    .map((one) => ({ one, distance: editDistance(lower, one.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance)[0];
  return best && best.distance <= Math.min(2, Math.floor(best.one.length / 2)) ? best.one : undefined;
}

const LONGEST_COMPARED = 40;

/** Levenshtein's distance. */
function editDistance(one: string, other: string): number {
  if (one.length > LONGEST_COMPARED) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let index = 0; index < one.length; index++) {
    const next = [index + 1];
    for (let column = 0; column < other.length; column++) {
      const replaced = (row[column] ?? 0) + (one[index] === other[column] ? 0 : 1);
      next.push(Math.min(replaced, (next[column] ?? 0) + 1, (row[column + 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
