import { backoffDelayMs } from '../../base/backoff';
import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { MachineUpdate } from '../../model/machineMetrics';
import { EngineCounting } from './engineCounting';
import type { MachineLook } from './machineLook';
import { ownMachine, placeOf, type MachinePlace } from './machinePlace';
import { MachineSampleMaker } from './machineSamples';
import type { MachineSession, MachineSource } from './machineSource';
import { Wakeup } from './wakeup';

export const MACHINE_PERIOD_MS = 1_000;

type MachineGap = Extract<MachineUpdate, { kind: 'gap' }>;

/** Looks at an engine's machine once a second, as long as the engine is connected and runs here. */
export class MachineReader implements Disposable {
  private readonly store = new DisposableStore();
  private readonly wakeup: Wakeup;
  private readonly counting: EngineCounting;
  private lastUpdate: MachineUpdate | undefined;
  /** Nothing tells of changed counts but this. */
  private isElsewhere = false;

  constructor(
    private readonly source: MachineSource,
    private readonly look: MachineLook,
    private readonly clock: Clock,
    private readonly onUpdate: (update: MachineUpdate) => void,
  ) {
    this.wakeup = new Wakeup(clock);
    this.store.add(source.onDidChangeSession(() => this.wakeup.signal()));
    this.counting = this.store.add(
      new EngineCounting(source, clock, () => {
        if (this.isElsewhere) this.wakeup.signal();
      }),
    );
  }

  /** What was told last. */
  get latest(): MachineUpdate | undefined {
    return this.lastUpdate;
  }

  start(): void {
    void this.run();
  }

  dispose(): void {
    this.store.dispose();
    this.wakeup.signal();
  }

  /** A method, because what a property said before an `await` need not hold after it. */
  private isLive(session: MachineSession): boolean {
    return !this.store.isDisposed && this.source.session === session;
  }

  private async run(): Promise<void> {
    while (!this.store.isDisposed) {
      const { session } = this.source;
      if (session) await this.watch(session);
      else {
        this.tellGap({ kind: 'gap', reason: 'disconnected' });
        await this.wakeup.sleep();
      }
    }
  }

  private async watch(session: MachineSession): Promise<void> {
    const place = await this.findPlace(session);
    if (place?.isHere === true) await this.sample(session, place.dataRoot);
    else if (place) await this.tellElsewhere(session);
  }

  /** `undefined` if the connection is over before the engine has told. */
  private async findPlace(session: MachineSession): Promise<MachinePlace | undefined> {
    for (let failures = 0; this.isLive(session); failures++) {
      try {
        const info = await session.api.readInfo();
        return placeOf(session.endpointKind, info, ownMachine(this.look.isInContainer));
      } catch {
        if (this.isLive(session)) await this.wakeup.sleep(backoffDelayMs(failures, Math.random()));
      }
    }
    return undefined;
  }

  private async tellElsewhere(session: MachineSession): Promise<void> {
    this.isElsewhere = true;
    while (this.isLive(session)) {
      this.tellGap({ kind: 'gap', reason: 'notThisMachine', counts: this.counting.counts });
      await this.wakeup.sleep();
    }
    this.isElsewhere = false;
  }

  private async sample(session: MachineSession, dataRoot: string | undefined): Promise<void> {
    const samples = new MachineSampleMaker();
    let dueMs = this.clock.nowMs();
    while (this.isLive(session)) {
      const reading = await this.look.read(dataRoot);
      if (!this.isLive(session)) return;
      const sample = samples.next(reading);
      this.tell({ kind: 'sample', sample, counts: this.counting.counts });
      dueMs = this.nextDue(dueMs);
      await this.sleepUntil(dueMs, session);
    }
  }

  /** On a beat, so that what a look takes does not add up. A beat that was missed is left out. */
  private nextDue(lastDueMs: number): number {
    const nowMs = this.clock.nowMs();
    const dueMs = lastDueMs + MACHINE_PERIOD_MS;
    const isOnBeat = dueMs > nowMs && dueMs - nowMs <= MACHINE_PERIOD_MS;
    return isOnBeat ? dueMs : nowMs + MACHINE_PERIOD_MS;
  }

  private async sleepUntil(dueMs: number, session: MachineSession): Promise<void> {
    const left = (): number => Math.min(MACHINE_PERIOD_MS, dueMs - this.clock.nowMs());
    for (let leftMs = left(); leftMs > 0 && this.isLive(session); leftMs = left())
      if (!(await this.wakeup.sleep(leftMs))) return;
  }

  private tellGap(gap: MachineGap): void {
    const last = this.lastUpdate;
    const isSaid = last?.kind === 'gap' && last.reason === gap.reason && last.counts === gap.counts;
    if (!isSaid) this.tell(gap);
  }

  private tell(update: MachineUpdate): void {
    this.lastUpdate = update;
    this.onUpdate(update);
  }
}
