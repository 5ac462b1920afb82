import type { Readable } from 'node:stream';
import { backoffDelayMs } from '../../base/backoff';
import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { LineSplitter } from '../../model/ndjson';
import type { DockerApi } from './dockerApi';
import { asFields, asText } from './fields';
import { decodeUtf8 } from './utf8';
import { Wakeup } from './wakeup';

/** Events of images that leave their number as it is. */
const HARMLESS_ACTIONS: ReadonlySet<string> = new Set(['push', 'save', 'mount', 'unmount']);
/** A list of images is the dearest thing an engine can be asked for: a burst of events costs few of them. */
const REST_MS = 5_000;

/**
 * How many images an engine has: listed once, and again after events that may have changed it, since no event tells the
 * number.
 */
export class ImageCount implements Disposable {
  private readonly store = new DisposableStore();
  private readonly abort = new AbortController();
  private readonly wakeup: Wakeup;
  private known: number | undefined;

  constructor(
    private readonly api: Pick<DockerApi, 'openImageEvents' | 'countImages'>,
    private readonly clock: Clock,
    private readonly onChange: () => void,
  ) {
    this.wakeup = new Wakeup(clock);
    void this.run();
  }

  /** The last known number, if one is. */
  get images(): number | undefined {
    return this.known;
  }

  dispose(): void {
    this.store.dispose();
    this.abort.abort();
    this.wakeup.signal();
  }

  /** A method, because what a property said before an `await` need not hold after it. */
  private isOver(): boolean {
    return this.store.isDisposed;
  }

  private async run(): Promise<void> {
    for (let failures = 0; !this.isOver(); failures++) {
      try {
        await this.follow(await this.api.openImageEvents(this.abort.signal));
      } catch {
        // Nobody is kept from anything by it: the number is shown as it was.
      }
      if (this.isOver()) return;
      await this.wakeup.sleep(backoffDelayMs(failures, Math.random()));
    }
  }

  /** Subscribe, list, then list again whenever it is needed. Resolves when the events end. */
  private async follow(events: Readable): Promise<void> {
    const hasEnded = (): boolean => events.destroyed;
    const opened = this.store.add({ dispose: () => events.destroy() });
    const splitter = new LineSplitter((text) => this.takeEvent(text), decodeUtf8);
    events.on('data', (chunk: Buffer) => {
      try {
        splitter.push(chunk);
      } catch {
        events.destroy();
      }
    });
    events.on('error', () => events.destroy());
    events.on('close', () => this.wakeup.signal());
    try {
      while (!this.isOver() && !hasEnded()) {
        this.tell(await this.api.countImages());
        await this.restAndWait(hasEnded);
      }
    } finally {
      this.store.delete(opened);
    }
  }

  /** Resolves when there is a reason to list again, and the last list was long enough ago. */
  private async restAndWait(hasEnded: () => boolean): Promise<void> {
    const dueMs = this.clock.nowMs() + REST_MS;
    await this.wakeup.sleep();
    for (let leftMs = dueMs - this.clock.nowMs(); leftMs > 0; leftMs = dueMs - this.clock.nowMs()) {
      if (this.isOver() || hasEnded()) return;
      await this.wakeup.sleep(Math.min(REST_MS, leftMs));
    }
  }

  private takeEvent(text: string): void {
    let action: string | undefined;
    try {
      action = asText(asFields(JSON.parse(text))?.['Action']);
    } catch {
      // An event it may be all the same.
    }
    if (action === undefined || !HARMLESS_ACTIONS.has(action)) this.wakeup.signal();
  }

  private tell(images: number): void {
    if (this.isOver() || images === this.known) return;
    this.known = images;
    this.onChange();
  }
}
