import type { Figures, PlainChart } from '../../src/protocol/webview/metrics';

/** Five minutes in steps of five seconds: the steps in which a history of that length is read. */
export const SMALL_STEP_MS = 5_000;
export const SMALL_STEPS = 60;

/** The columns that have a small line, each of the series it adds up. */
export const SMALL_SERIES = {
  cpu: ['cpuPercent'],
  memory: ['memoryBytes'],
  network: ['networkReceivedBytesPerSecond', 'networkSentBytesPerSecond'],
  block: ['blockReadBytesPerSecond', 'blockWrittenBytesPerSecond'],
  processes: ['processes'],
} as const satisfies Record<string, readonly (keyof Figures)[]>;

export type SmallColumn = keyof typeof SMALL_SERIES;
export const SMALL_COLUMNS = Object.keys(SMALL_SERIES) as readonly SmallColumn[];

/** The last five minutes of a figure: for each step its greatest value, so that no peak is lost. Its memory is fixed. */
export class SmallLine {
  private readonly values = new Float32Array(SMALL_STEPS).fill(Number.NaN);
  /** Number of the newest step since the epoch. */
  private newest = Number.NEGATIVE_INFINITY;

  add(timeMs: number, value: number | null): void {
    const step = Math.floor(timeMs / SMALL_STEP_MS);
    if (!Number.isFinite(step) || step <= this.newest - SMALL_STEPS) return;
    this.advance(step);
    if (value === null) return;
    const slot = step % SMALL_STEPS;
    const known = this.values[slot] ?? Number.NaN;
    this.values[slot] = Number.isNaN(known) ? value : Math.max(known, value);
  }

  private advance(step: number): void {
    if (step <= this.newest) return;
    const from = Math.max(this.newest + 1, step - SMALL_STEPS + 1);
    for (let passed = from; passed <= step; passed++) this.values[passed % SMALL_STEPS] = Number.NaN;
    this.newest = step;
  }

  /** The values of the steps that end at a time, oldest first; NaN where nothing is known. */
  upTo(timeMs: number): number[] {
    const last = Math.max(Math.floor(timeMs / SMALL_STEP_MS), this.newest);
    return Array.from({ length: SMALL_STEPS }, (_nothing, index) => {
      const step = last - SMALL_STEPS + 1 + index;
      return step > this.newest || step <= this.newest - SMALL_STEPS
        ? Number.NaN
        : (this.values[step % SMALL_STEPS] ?? Number.NaN);
    });
  }
}

/** The small lines of one container. */
export class SmallLines {
  /** Another one whenever more of the past became known, and with the first figures. */
  revision = 0;
  private isEmpty = true;
  private readonly lines: Readonly<Record<SmallColumn, SmallLine>> = {
    cpu: new SmallLine(),
    memory: new SmallLine(),
    network: new SmallLine(),
    block: new SmallLine(),
    processes: new SmallLine(),
  };

  of(column: SmallColumn): SmallLine {
    return this.lines[column];
  }

  add(figures: Figures): void {
    if (this.isEmpty) this.revision++;
    this.isEmpty = false;
    for (const column of SMALL_COLUMNS)
      this.lines[column].add(figures.timeMs, sum(SMALL_SERIES[column].map((name) => figures[name])));
  }

  /** What was before; values that are known already win only where they are greater. */
  addPast({ timesMs, lines }: PlainChart): void {
    this.revision++;
    timesMs.forEach((timeMs, index) => {
      for (const column of SMALL_COLUMNS) {
        const values = SMALL_SERIES[column].map((name) => lines[name]?.greatest[index] ?? null);
        this.lines[column].add(timeMs, sum(values));
      }
    });
  }
}

/** Of what is known; `null` where nothing is. */
export function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}

/**
 * An SVG path in a box of `width` by `height`; a gap in the values is a gap in the line. The scale begins at 0, and ends at
 * the greatest value, or at `atLeast` if that is greater, so that noise near 0 stays near 0.
 */
export function pathOf(values: readonly number[], width: number, height: number, atLeast: number): string {
  let top = atLeast;
  for (const value of values) if (value > top) top = value;
  const stepX = width / Math.max(1, values.length - 1);
  let path = '';
  let isDown = false;
  values.forEach((value, index) => {
    if (Number.isNaN(value)) {
      isDown = false;
      return;
    }
    const x = (index * stepX).toFixed(1);
    const y = (height - 1 - (Math.max(0, value) / (top || 1)) * (height - 2)).toFixed(1);
    const isAlone = !isDown && Number.isNaN(values[index + 1] ?? Number.NaN);
    // A single point is a dot, or nobody would see it.
    path += isAlone ? `M${x} ${y}h0.1` : `${isDown ? 'L' : 'M'}${x} ${y}`;
    isDown = true;
  });
  return path;
}
