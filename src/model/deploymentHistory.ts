import type { Clock } from '../base/clock';
import type { Deployment, DeploymentId } from './deployment';

/** Past deployments of one host, newest first. */
export interface HistorySource {
  readonly hostId: string;
  list(
    before: DeploymentId | undefined,
    limit: number,
  ): Promise<{ readonly deployments: readonly Deployment[]; readonly hasMore: boolean }>;
}

export interface HistoryRow {
  readonly hostId: string;
  readonly deployment: Deployment;
}

export interface HistoryPage {
  readonly rows: readonly HistoryRow[];
  readonly hasMore: boolean;
  /** Hosts whose part is missing; they are asked again with the next page. */
  readonly failures: readonly { readonly hostId: string; readonly error: unknown }[];
  /** Hosts that take their time, whose part is missing as well. */
  readonly late: readonly string[];
}

/** How long a host may hold up the others. */
export interface Patience {
  readonly clock: Clock;
  readonly ms: number;
  /** A host that was late has answered, or failed: {@link DeploymentHistory.again} has it. */
  readonly onLateAnswer: () => void;
}

interface SourceState {
  readonly source: HistorySource;
  readonly waiting: Deployment[];
  before: DeploymentId | undefined;
  hasMore: boolean;
  /** While the host is asked. */
  filling: Promise<void> | undefined;
  isLate: boolean;
  /** What came of it when it was late and failed: told once, without being asked again. */
  lateFailure: { readonly error: unknown } | undefined;
}

/** Reads the past of several hosts as one list, newest first, page by page. */
export class DeploymentHistory {
  private readonly states: readonly SourceState[];
  private given: HistoryRow[] = [];
  private lastPage: Promise<unknown> = Promise.resolve();

  constructor(
    sources: readonly HistorySource[],
    private readonly pageSize: number,
    private readonly patience: Patience,
  ) {
    this.states = sources.map((source) => ({
      source,
      waiting: [],
      before: undefined,
      hasMore: true,
      filling: undefined,
      isLate: false,
      lateFailure: undefined,
    }));
  }

  /** Never rejects. A page that is asked for before the last one came follows it. */
  next(): Promise<HistoryPage> {
    return this.queue(() => this.read(this.pageSize));
  }

  /** All that was given, once more from the beginning, with what came late in its place. */
  again(): Promise<HistoryPage> {
    return this.queue(() => {
      const count = this.given.length;
      for (const { source, waiting } of this.states) {
        const own = this.given.filter(({ hostId }) => hostId === source.hostId);
        waiting.unshift(...own.map(({ deployment }) => deployment));
      }
      this.given = [];
      return this.read(Math.max(this.pageSize, count));
    });
  }

  private queue(read: () => Promise<HistoryPage>): Promise<HistoryPage> {
    const page = this.lastPage.then(read);
    this.lastPage = page;
    return page;
  }

  private async read(limit: number): Promise<HistoryPage> {
    const failures: { hostId: string; error: unknown }[] = [];
    const late: string[] = [];
    await Promise.all(
      this.states.map(async (state) => {
        const { hostId } = state.source;
        try {
          if (!(await this.isFilledInTime(state, limit))) late.push(hostId);
        } catch (error) {
          failures.push({ hostId, error });
        }
      }),
    );
    // What is known of a host that is silent now is no less true.
    const { states } = this;
    const rows: HistoryRow[] = [];
    for (let state = newest(states); state && rows.length < limit; state = newest(states)) {
      const deployment = state.waiting.shift();
      if (deployment) rows.push({ hostId: state.source.hostId, deployment });
    }
    this.given.push(...rows);
    const hasMore = this.states.some(({ waiting, hasMore: more }) => more || waiting.length > 0);
    return { rows, hasMore, failures, late };
  }

  private async isFilledInTime(state: SourceState, limit: number): Promise<boolean> {
    const { lateFailure } = state;
    state.lateFailure = undefined;
    if (lateFailure) throw lateFailure.error;
    state.filling ??= this.fill(state, limit).finally(() => (state.filling = undefined));
    const { filling } = state;
    const { clock, ms, onLateAnswer } = this.patience;
    const isInTime = await new Promise<boolean>((resolve, reject) => {
      const timer = clock.setTimer(() => resolve(false), ms);
      filling.then(() => resolve(true), reject).finally(() => timer.dispose());
    });
    if (isInTime || state.isLate) return isInTime;
    state.isLate = true;
    void filling
      .catch((error: unknown) => (state.lateFailure = { error }))
      .then(() => {
        state.isLate = false;
        onLateAnswer();
      });
    return false;
  }

  /** As many as a page could need, so that no host's newer ones come after another's older ones. */
  private async fill(state: SourceState, limit: number): Promise<void> {
    while (state.hasMore && state.waiting.length < limit) {
      const { deployments, hasMore } = await state.source.list(state.before, this.pageSize);
      state.waiting.push(...deployments);
      state.before = deployments.at(-1)?.id ?? state.before;
      state.hasMore = hasMore && deployments.length > 0;
    }
  }
}

function newest(states: readonly SourceState[]): SourceState | undefined {
  const timeOf = ({ waiting }: SourceState): number => waiting[0]?.createdAtMs ?? Number.NEGATIVE_INFINITY;
  return states
    .filter(({ waiting }) => waiting.length > 0)
    .reduce<SourceState | undefined>(
      (best, one) => (best && timeOf(best) >= timeOf(one) ? best : one),
      undefined,
    );
}
