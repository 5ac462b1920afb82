export interface RecordedRequest {
  readonly method: string;
  /** Path without version prefix, with its query. */
  readonly path: string;
  readonly route: string;
}

export type StreamKind = 'logs' | 'events' | 'stats' | 'exec';

/** So that an engine that runs for days does not remember every request; the counts stay exact. */
const MAX_REMEMBERED_REQUESTS = 100_000;

/** What clients asked for, exactly. */
export class RequestCounters {
  readonly requests: RecordedRequest[] = [];
  private readonly counts = new Map<string, number>();
  private readonly streams = new Map<StreamKind, number>();
  private readonly waiting = new Set<() => void>();

  record(request: RecordedRequest): void {
    this.requests.push(request);
    if (this.requests.length > MAX_REMEMBERED_REQUESTS) this.requests.shift();
    this.counts.set(request.route, this.count(request.route) + 1);
    this.checkWaiting();
  }

  count(route: string): number {
    return this.counts.get(route) ?? 0;
  }

  reset(): void {
    this.requests.length = 0;
    this.counts.clear();
  }

  openStreams(kind: StreamKind): number {
    return this.streams.get(kind) ?? 0;
  }

  /** Counts a stream as open until the returned function is called. */
  streamOpened(kind: StreamKind): () => void {
    this.addStreams(kind, 1);
    return () => this.addStreams(kind, -1);
  }

  /** Resolves once `isTrue`, which is asked again after every request and every change of the open streams. */
  when(isTrue: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!isTrue()) return;
        this.waiting.delete(check);
        resolve();
      };
      this.waiting.add(check);
      check();
    });
  }

  private addStreams(kind: StreamKind, change: number): void {
    this.streams.set(kind, this.openStreams(kind) + change);
    this.checkWaiting();
  }

  private checkWaiting(): void {
    for (const check of this.waiting) check();
  }
}
