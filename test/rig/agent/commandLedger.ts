import type { RecordedRequest } from '../../doubles/fakeEngine/fakeEngine';

/** What whoever gave a command was told. */
export type Outcome = 'done' | 'unknown' | 'refused';

export interface CommandCounts {
  readonly commands: number;
  /** Told that it was executed. */
  readonly done: number;
  /** Told that nobody can tell. */
  readonly unknown: number;
  /** Told that it was not executed. */
  readonly refused: number;
  /** Executed more than once. */
  readonly twice: number;
  /** Not executed, and told otherwise. */
  readonly notRun: number;
  /** Executed, and told otherwise. */
  readonly ranAnyway: number;
}

/** Renamings and what became of them, against what the engine was asked for. No name is used twice. */
export class CommandLedger {
  private readonly outcomes = new Map<string, Outcome>();

  add(name: string, outcome: Outcome): void {
    this.outcomes.set(name, outcome);
  }

  /** @param requests everything that the engine was asked for */
  count(requests: readonly RecordedRequest[]): CommandCounts {
    const executed = new Map<string, number>();
    for (const { path } of requests) {
      const name = /^\/containers\/[^/]+\/rename\?name=(.+)$/.exec(path)?.[1];
      if (name !== undefined) executed.set(name, (executed.get(name) ?? 0) + 1);
    }
    const entries = [...this.outcomes].map(([name, outcome]) => ({ outcome, ran: executed.get(name) ?? 0 }));
    const total = (is: (entry: { readonly outcome: Outcome; readonly ran: number }) => boolean): number =>
      entries.filter(is).length;
    return {
      commands: entries.length,
      done: total(({ outcome }) => outcome === 'done'),
      unknown: total(({ outcome }) => outcome === 'unknown'),
      refused: total(({ outcome }) => outcome === 'refused'),
      twice: total(({ ran }) => ran > 1),
      notRun: total(({ outcome, ran }) => outcome === 'done' && ran === 0),
      ranAnyway: total(({ outcome, ran }) => outcome === 'refused' && ran > 0),
    };
  }
}
