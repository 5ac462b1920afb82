import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { EngineCounts } from '../../model/machineMetrics';
import { ImageCount } from './imageCount';
import type { MachineSession, MachineSource } from './machineSource';

/** How many things an engine has, as long as somebody watches. */
export class EngineCounting implements Disposable {
  private readonly store = new DisposableStore();
  private readonly sessionStore = this.store.add(new DisposableStore());
  private session: MachineSession | undefined;
  private imageCount: ImageCount | undefined;
  private current: EngineCounts | undefined;
  /** Of before the connection was lost. */
  private lastImages: number | undefined;

  constructor(
    private readonly source: MachineSource,
    private readonly clock: Clock,
    private readonly onChange: () => void,
  ) {
    this.store.add(source.onDidChangeContainers(() => this.changed()));
    this.store.add(source.onDidChangeSession(() => this.noteSession()));
    this.noteSession();
  }

  get counts(): EngineCounts {
    return (this.current ??= this.count());
  }

  dispose(): void {
    this.store.dispose();
  }

  private noteSession(): void {
    const { session } = this.source;
    if (session === this.session) return;
    this.session = session;
    this.sessionStore.clear();
    this.lastImages = this.imageCount?.images ?? this.lastImages;
    this.imageCount =
      session && this.sessionStore.add(new ImageCount(session.api, this.clock, () => this.changed()));
    this.changed();
  }

  private changed(): void {
    this.current = undefined;
    this.onChange();
  }

  private count(): EngineCounts {
    const containers = this.source.containers ?? new Map();
    let containersRunning = 0;
    for (const { state } of containers.values()) if (state === 'running') containersRunning++;
    const images = this.imageCount?.images ?? this.lastImages;
    return { containersRunning, containersTotal: containers.size, images };
  }
}
