import { LoopTurns } from '../../src/base/turns';

const BUDGET_MS = 5;

/** Turns of an event loop that goes on only when it is told to. */
export class FakeTurns extends LoopTurns {
  private readonly state: { nowMs: number; next: (() => void)[]; afterwards: (() => void)[] };

  constructor() {
    const state = { nowMs: 1_000, next: [] as (() => void)[], afterwards: [] as (() => void)[] };
    super({
      budgetMs: BUDGET_MS,
      nowMs: () => state.nowMs,
      nextTurn: (run) => state.next.push(run),
      afterwards: (run) => state.afterwards.push(run),
    });
    this.state = state;
  }

  /** How many wait for the next turn; more than one would be a mistake. */
  get scheduled(): number {
    return this.state.next.length;
  }

  /** The work of the moment takes all that is left of the turn. */
  spend(ms = BUDGET_MS): void {
    this.state.nowMs += ms;
  }

  /** The loop's next turn. */
  go(): void {
    for (const run of this.state.next.splice(0)) run();
    for (let run = this.state.afterwards.shift(); run; run = this.state.afterwards.shift()) run();
  }
}
