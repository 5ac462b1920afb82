import type { Disposable } from './lifecycle';

/** Shares the event loop among many who have much to do, so that a turn of it never gets long. */
export interface Turns {
  /** Whether a piece of work may be done now; otherwise it is to be done {@link later}. */
  readonly hasTime: boolean;
  /** Does it in a later turn, in the order of asking, unless the returned disposable is disposed first. */
  later(work: () => void): Disposable;
}

export interface LoopTurnsOptions {
  /** What all of them together may take of one turn, but for the piece that is begun within it. */
  readonly budgetMs: number;
  /** Of a clock that is never set. */
  nowMs(): number;
  /** Runs it in the loop's next turn, after what came in has been heard. */
  nextTurn(run: () => void): void;
  /** Runs it as soon as what the present work has set going at once is done. */
  afterwards(run: () => void): void;
}

/** Whoever waits is served before anybody who has not waited yet. */
export class LoopTurns implements Turns {
  private readonly waiting = new Set<{ readonly work: () => void }>();
  private startedMs: number | undefined;
  /** One of those who waited has the turn. */
  private isServing = false;

  constructor(private readonly options: LoopTurnsOptions) {}

  get hasTime(): boolean {
    if (this.startedMs === undefined) this.begin();
    return (this.isServing || this.waiting.size === 0) && this.isWithinBudget();
  }

  later(work: () => void): Disposable {
    if (this.startedMs === undefined) this.begin();
    const entry = { work };
    this.waiting.add(entry);
    return { dispose: () => this.waiting.delete(entry) };
  }

  private begin(): void {
    this.startedMs = this.options.nowMs();
    this.options.nextTurn(() => {
      this.startedMs = undefined;
      if (this.waiting.size === 0) return;
      this.begin();
      this.serve();
    });
  }

  private serve(): void {
    const [first] = this.waiting;
    if (!first) return;
    this.waiting.delete(first);
    this.isServing = true;
    try {
      first.work();
    } finally {
      this.options.afterwards(() => {
        this.isServing = false;
        if (this.isWithinBudget()) this.serve();
      });
    }
  }

  private isWithinBudget(): boolean {
    const elapsedMs = this.options.nowMs() - (this.startedMs ?? 0);
    return elapsedMs < this.options.budgetMs;
  }
}

// The pure folders are compiled without Node's types.
declare function setImmediate(run: () => void): unknown;
declare const performance: { readonly now: () => number };
declare const process: { readonly nextTick: (run: () => void) => void };

/** Those of the process's own event loop. */
export const systemTurns: Turns = new LoopTurns({
  budgetMs: 5,
  nowMs: () => performance.now(),
  nextTurn: (run) => setImmediate(run),
  afterwards: (run) => process.nextTick(run),
});
