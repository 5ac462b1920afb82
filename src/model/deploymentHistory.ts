import type { Deployment, DeploymentId } from './deployment';

/** Past deployments of one host, newest first. */
export interface HistorySource {
  readonly hostId: string;
  list(
    before: DeploymentId | undefined,
    limit: number,
  ): Promise<{ readonly deployments: readonly Deployment[]; readonly hasMore: boolean }>;
}

export interface HistoryPage {
  readonly rows: readonly { readonly hostId: string; readonly deployment: Deployment }[];
  readonly hasMore: boolean;
  /** Hosts whose part is missing; they are asked again with the next page. */
  readonly failures: readonly { readonly hostId: string; readonly error: unknown }[];
}

interface SourceState {
  readonly source: HistorySource;
  readonly waiting: Deployment[];
  before: DeploymentId | undefined;
  hasMore: boolean;
}

/** Reads the past of several hosts as one list, newest first, page by page. */
export class DeploymentHistory {
  private readonly states: SourceState[] = [];
  private lastPage: Promise<unknown> = Promise.resolve();

  constructor(
    sources: readonly HistorySource[],
    private readonly pageSize: number,
  ) {
    for (const source of sources) this.add(source);
  }

  /** A host that came later; its deployments are in the next page, however new they are. */
  add(source: HistorySource): void {
    this.states.push({ source, waiting: [], before: undefined, hasMore: true });
  }

  /** Never rejects. A page that is asked for before the last one came follows it. */
  next(): Promise<HistoryPage> {
    const page = this.lastPage.then(() => this.read());
    this.lastPage = page;
    return page;
  }

  private async read(): Promise<HistoryPage> {
    const failures: { hostId: string; error: unknown }[] = [];
    const filled = await Promise.all(
      this.states.map(async (state) => {
        try {
          await this.fill(state);
          return [state];
        } catch (error) {
          failures.push({ hostId: state.source.hostId, error });
          return [];
        }
      }),
    );
    const states = filled.flat();
    const rows: HistoryPage['rows'][number][] = [];
    for (let state = newest(states); state && rows.length < this.pageSize; state = newest(states)) {
      const deployment = state.waiting.shift();
      if (deployment) rows.push({ hostId: state.source.hostId, deployment });
    }
    const hasMore = this.states.some(({ waiting, hasMore: more }) => more || waiting.length > 0);
    return { rows, hasMore, failures };
  }

  /** As many as a page could need, so that no host's newer ones come after another's older ones. */
  private async fill(state: SourceState): Promise<void> {
    while (state.hasMore && state.waiting.length < this.pageSize) {
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
