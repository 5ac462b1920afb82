import { backoffDelayMs } from '../../base/backoff';
import type { Clock } from '../../base/clock';
import { asError } from '../../base/errors';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { isActive, type ContainerId } from '../../model/container';
import type { MetricGap, MetricGapReason, MetricUpdate } from '../../model/metrics';
import { isEmptyReading } from '../../model/metricsReading';
import { SampleMaker } from '../../model/metricsSamples';
import { EngineError, type EngineErrorCode } from '../engine';
import { readStats } from './statsJson';
import type { StatsSession, StatsSessionSource } from './statsSession';
import { StatsStream } from './statsStream';
import { Wakeup } from './wakeup';

/** Answers that stay the same until something changes; all other trouble passes, so the engine is asked again. */
const FINAL_ANSWERS: ReadonlySet<EngineErrorCode> = new Set<EngineErrorCode>([
  'notSupported',
  'badRequest',
  'unsupportedVersion',
  'forbidden',
]);

/**
 * Reads one container's statistics over one stream, as long as the container runs. When the stream ends or breaks it is
 * opened again, with growing delays; while the container is stopped or the host is away nothing is asked at all.
 */
export class StatsReader implements Disposable {
  private readonly store = new DisposableStore();
  private readonly wakeup: Wakeup;
  private readonly samples = new SampleMaker();
  private reading: StatsStream | undefined;
  private lastUpdate: MetricUpdate | undefined;
  private failures = 0;

  constructor(
    private readonly id: ContainerId,
    private readonly sessions: StatsSessionSource,
    private readonly clock: Clock,
    private readonly onUpdate: (update: MetricUpdate) => void,
  ) {
    this.wakeup = new Wakeup(clock);
  }

  /** What was told last. */
  get latest(): MetricUpdate | undefined {
    return this.lastUpdate;
  }

  start(): void {
    void this.run();
  }

  /** To be called when the host or the container may have changed. */
  noteChange(): void {
    this.wakeup.signal();
    if (this.hindrance(this.sessions.session)) this.reading?.dispose();
  }

  dispose(): void {
    this.store.dispose();
    this.wakeup.signal();
  }

  /** A method, because what a property said before an `await` need not hold after it. */
  private isOver(): boolean {
    return this.store.isDisposed;
  }

  private async run(): Promise<void> {
    while (!this.isOver()) {
      const { session } = this.sessions;
      const hindrance = this.hindrance(session);
      if (!session || hindrance) {
        this.tellGap({ reason: hindrance ?? 'disconnected' });
        this.failures = 0;
        await this.wakeup.sleep();
      } else {
        await this.readAndRest(session);
      }
    }
  }

  /** Why there is nothing to read at the moment. */
  private hindrance(session: StatsSession | undefined): MetricGapReason | undefined {
    if (!session) return 'disconnected';
    const container = session.containers.get(this.id);
    if (!container) return 'removed';
    return isActive(container) ? undefined : 'notRunning';
  }

  private async readAndRest(session: StatsSession): Promise<void> {
    const error = await this.read(session).then(() => undefined, asError);
    if (this.isOver() || this.hindrance(this.sessions.session)) return;
    this.samples.reset();
    // A stream that just ends is mostly that of a container that does: the news of it may come a moment later.
    if (error || this.failures > 0) this.tellGap({ reason: 'interrupted', ...(error && { error }) });
    const isFinal = error instanceof EngineError && FINAL_ANSWERS.has(error.code);
    await this.wakeup.sleep(isFinal ? undefined : backoffDelayMs(this.failures++, Math.random()));
  }

  /** Reads until the stream ends. Rejects when it can't be opened, or breaks. */
  private async read(session: StatsSession): Promise<void> {
    const abort = new AbortController();
    const wanted = this.store.add({ dispose: () => abort.abort() });
    try {
      const stream = await session.openStats(this.id, abort.signal);
      const { operatingSystem } = session.info;
      this.reading = this.store.add(
        new StatsStream(stream, this.clock, (value) => this.take(value, operatingSystem)),
      );
      this.noteChangeWhileOpening();
      await this.reading.done;
    } finally {
      if (this.reading) this.store.delete(this.reading);
      this.reading = undefined;
      this.store.delete(wanted);
    }
  }

  private noteChangeWhileOpening(): void {
    if (this.hindrance(this.sessions.session)) this.reading?.dispose();
  }

  private take(value: unknown, operatingSystem: string): void {
    if (this.isOver()) return;
    const reading = readStats(value, operatingSystem);
    if (!reading) throw new TypeError('A sample is no object.');
    if (isEmptyReading(reading)) {
      this.tellGap({ reason: 'notRunning' });
      return;
    }
    this.failures = 0;
    this.tell({ kind: 'sample', sample: this.samples.next(reading, this.clock.nowMs()) });
  }

  /** Says once why there are no values. */
  private tellGap(gap: MetricGap): void {
    this.samples.reset();
    const last = this.lastUpdate;
    const isSaid =
      last?.kind === 'gap' &&
      last.gap.reason === gap.reason &&
      last.gap.error?.message === gap.error?.message;
    if (!isSaid) this.tell({ kind: 'gap', gap });
  }

  private tell(update: MetricUpdate): void {
    this.lastUpdate = update;
    this.onUpdate(update);
  }
}
