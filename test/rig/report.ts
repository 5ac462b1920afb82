import type { RigEngine } from './engines/rigEngine';
import type { FaultCounts } from './faults/plan';
import type { Resumes, ResumeTimes } from './faults/resumeMeter';
import type { LogsRigOptions } from './logsRig';
import type { Verdict } from './oracle/verdict';
import type { RigLog } from './rigLog';

/** What `rig -- logs --json` prints. Lines are counted as {@link Verdict} says. */
export interface LogsReport extends FaultCounts, ResumeTimes {
  readonly lines: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly unreported: number;
  readonly corrupted: number;
  readonly gaps: number;
  /** How many lines rotation took, all of them reported. */
  readonly removed: number;
  /** What the engine itself lost when it or a writer was killed; no fault of a reader. */
  readonly neverRecorded: number;
  /** Readers that gave up, or were told that their container is gone. */
  readonly ended: number;
  readonly seconds: number;
  readonly seed: number;
  readonly engine: string;
  readonly transport: 'unix' | 'tcp';
  /** What is wrong, for people; bounded. */
  readonly problems: readonly string[];
}

interface Results {
  readonly engine: RigEngine;
  readonly options: LogsRigOptions;
  readonly logs: readonly RigLog[];
  readonly verdicts: readonly Verdict[];
  readonly applied: FaultCounts;
  readonly resumes: Resumes;
  readonly seconds: number;
}

export function makeReport(results: Results): LogsReport {
  const { engine, options, logs, verdicts, applied, resumes } = results;
  const total = (of: (verdict: Verdict) => number): number =>
    verdicts.reduce((sum, verdict) => sum + of(verdict), 0);
  return {
    lines: total(({ lines }) => lines),
    lost: total(({ lost }) => lost),
    duplicated: total(({ duplicated }) => duplicated),
    reordered: total(({ reordered }) => reordered),
    unreported: total(({ unreported }) => unreported),
    corrupted: total(({ corrupted }) => corrupted),
    gaps: total(({ gaps }) => gaps),
    removed: total(({ removed }) => removed),
    neverRecorded: total((verdict) => verdict.neverRecorded),
    ended: logs.filter(({ checker }) => checker.hasEnded).length,
    ...applied,
    ...resumes.times,
    seconds: Math.round(results.seconds * 10) / 10,
    seed: options.seed,
    engine: engine.name,
    transport: options.transport,
    problems: logs.flatMap((log, index) => problemsOf(log, verdicts[index])),
  };
}

/** How many things went wrong; 0 for a run that holds the promise. */
export function faultsIn(report: LogsReport): number {
  const { lost, duplicated, reordered, unreported, corrupted, ended } = report;
  return lost + duplicated + reordered + unreported + corrupted + ended;
}

function problemsOf({ writer: { spec }, checker }: RigLog, verdict: Verdict | undefined): string[] {
  const { name, driver, hasTerminal, rotateAtBytes } = spec;
  const kind = [driver, hasTerminal && 'terminal', rotateAtBytes !== undefined && 'rotating'].filter(Boolean);
  const found = [...(verdict?.problems ?? [])];
  if (checker.hasEnded) found.push(`the reader ended: ${checker.error?.message ?? 'without an error'}`);
  return found.map((problem) => `${name} (${kind.join(', ')}): ${problem}`);
}
