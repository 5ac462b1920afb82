/** The seeded order of everything that is done to a reader and its engine. */
import type { EngineRestart, RunEnding } from '../engines/rigEngine';

export type CutKind =
  /** The followed log breaks off after so many bytes. */
  | 'log'
  /** So does the next one, within its header or first records. */
  | 'answer'
  /** The next request for the log breaks off. */
  | 'request'
  /** The log stays open and silent for a while, and then breaks off. */
  | 'halfOpen'
  /** The log comes in single bytes, odd slices, slowly or late, and then breaks off. */
  | 'bytes'
  | 'slices'
  | 'slow'
  | 'delay'
  /** The events break off, and with them whatever the reader made of that connection. */
  | 'events'
  | 'everything'
  /** Everything breaks off, and nothing can connect for a while. */
  | 'refused';

export type Fault =
  | {
      readonly kind: 'cut';
      readonly cut: CutKind;
      readonly container: number;
      readonly awaitsResume: boolean;
    }
  | { readonly kind: 'restart'; readonly ending: RunEnding; readonly container: number }
  /** The log is held until the engine has rotated away what the reader has not got yet. */
  | { readonly kind: 'rotation'; readonly container: number }
  | { readonly kind: 'engineRestart'; readonly how: EngineRestart }
  /** The agent is ended at once, and started again. */
  | { readonly kind: 'agentKill' };

export interface FaultCounts {
  readonly cuts: number;
  readonly restarts: number;
  readonly rotations: number;
  readonly engineRestarts: number;
  /** None where there is no agent. */
  readonly agentKills?: number;
}

export interface PlanOptions extends FaultCounts {
  readonly containers: number;
  /** Those whose logs are bounded. */
  readonly rotating: readonly number[];
  readonly random: () => number;
}

/** How often each kind occurs among a hundred. */
const CUT_SHARES: Readonly<Record<CutKind, number>> = {
  log: 44,
  answer: 8,
  request: 6,
  halfOpen: 8,
  bytes: 6,
  slices: 6,
  slow: 6,
  delay: 6,
  events: 3,
  everything: 4,
  refused: 3,
};
const ENDINGS: readonly RunEnding[] = ['restart', 'stop', 'kill'];
const AWAITED_SHARE = 0.6;

export function makePlan(options: PlanOptions): Fault[] {
  const { random } = options;
  const container = (): number => Math.floor(random() * options.containers);
  const many = (count: number, make: (index: number) => Fault): Fault[] =>
    Array.from({ length: count }, (_, index) => make(index));
  const faults = [
    ...many(options.cuts, () => ({
      kind: 'cut',
      cut: cutKind(random),
      container: container(),
      awaitsResume: random() < AWAITED_SHARE,
    })),
    ...many(options.restarts, (index) => ({
      kind: 'restart',
      ending: ENDINGS[index % ENDINGS.length] ?? 'stop',
      container: container(),
    })),
    ...many(options.rotations, (index) => ({
      kind: 'rotation',
      container: options.rotating[index % options.rotating.length] ?? 0,
    })),
    ...many(options.engineRestarts, (index) => ({
      kind: 'engineRestart',
      how: index % 2 === 0 ? 'killed' : 'politely',
    })),
    ...many(options.agentKills ?? 0, (): Fault => ({ kind: 'agentKill' })),
  ];
  return faults
    .map((fault) => ({ fault, rank: random() }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ fault }) => fault);
}

function cutKind(random: () => number): CutKind {
  const entries = Object.entries(CUT_SHARES) as [CutKind, number][];
  let rank = random() * entries.reduce((sum, [, share]) => sum + share, 0);
  for (const [kind, share] of entries) {
    rank -= share;
    if (rank < 0) return kind;
  }
  return 'log';
}
