import { watch, type FSWatcher } from 'node:fs';
import { Emitter } from '../base/emitter';
import { DisposableStore, toDisposable, type Disposable } from '../base/lifecycle';
import type { Clock } from '../base/clock';
import type { DeploymentPage, DeploymentQuery } from '../engine/deployments';
import { isOver, type Deployment, type DeploymentId } from '../model/deployment';
import type { JournalFolder } from './journal/journalFolder';

/** How many that are over are among those that are shown at once. */
const MOST_SHOWN = 50;
/** Changes that another process writes come together. */
const LOOK_DELAY_MS = 100;
/** How often it is asked whether whoever runs the others' is still there: a process that is killed changes nothing. */
const LINGER_MS = 3_000;

/**
 * All deployments of a folder, whoever runs them: what this process runs is told by {@link set}, what another one runs is
 * read from its journals while somebody watches.
 */
export class DeploymentStore implements Disposable {
  private readonly store = new DisposableStore();
  private readonly changed = this.store.add(new Emitter<readonly Deployment[]>());
  private readonly looked = this.store.add(new Emitter<void>());
  private readonly lingered = this.store.add(new Emitter<void>());
  /** Those that the index lacks, or not as they are. */
  private readonly known = new Map<DeploymentId, Deployment>();
  private readonly ids = new Set<DeploymentId>();
  /** Run by this process: nobody else writes their journals. */
  private readonly own = new Set<DeploymentId>();
  /** They are over, but their journals could not be told. */
  private readonly unwritten = new Set<DeploymentId>();
  /** Why those of others do not go on, as far as this process knows. */
  private readonly notes = new Map<DeploymentId, string>();
  private sorted: readonly DeploymentId[] | undefined;
  private watchers = 0;
  private fileWatch: FSWatcher | undefined;
  private timer: Disposable | undefined;
  private lingerTimer: Disposable | undefined;
  private loading: Promise<void> | undefined;
  private isLoaded = false;
  /** By others, as far as is known. */
  private isFolderChanged = false;

  readonly onDidChange = this.changed.event;
  /** Journals may have grown. */
  readonly onDidLook = this.looked.event;
  /** Again and again while somebody watches what another process runs, or ran. */
  readonly onDidLinger = this.lingered.event;

  constructor(
    private readonly folder: JournalFolder,
    private readonly clock: Clock,
  ) {}

  /** Those that are not over, and the newest that are; `undefined` before they were read. */
  get current(): ReadonlyMap<DeploymentId, Deployment> | undefined {
    if (!this.isLoaded) return undefined;
    const shown = new Map<DeploymentId, Deployment>();
    let over = 0;
    for (const id of this.newestFirst()) {
      if (over >= MOST_SHOWN && !this.known.has(id)) continue;
      const deployment = this.get(id);
      if (!deployment) continue;
      const isShown = !isOver(deployment.status) || (over += 1) <= MOST_SHOWN;
      if (isShown) shown.set(id, deployment);
    }
    return shown;
  }

  /** Those that wait or run. */
  get unfinished(): readonly Deployment[] {
    return [...this.known.values()].filter(({ status }) => !isOver(status));
  }

  get over(): readonly DeploymentId[] {
    const isOverOne = (id: DeploymentId): boolean => isOver(this.known.get(id)?.status ?? 'success');
    return [...this.ids].filter(isOverOne);
  }

  /** Those whose images are kept to roll back to them. */
  get withImages(): readonly Deployment[] {
    const { index } = this.folder;
    return [...this.ids]
      .filter((id) => this.known.has(id) || index.hasImage(id))
      .map((id) => this.get(id))
      .filter((deployment) => deployment?.canRollBackTo === true)
      .filter((deployment) => deployment !== undefined);
  }

  get(id: DeploymentId): Deployment | undefined {
    return this.known.get(id) ?? (this.ids.has(id) ? this.folder.index.get(id) : undefined);
  }

  /** Also one that another process began just now. */
  async find(id: DeploymentId): Promise<Deployment | undefined> {
    if (!this.ids.has(id) && (await this.folder.hasJournal(id))) await this.load();
    return this.get(id);
  }

  /** Reads what is new in the folder. What is under way there already is waited for. */
  async load(): Promise<void> {
    this.loading ??= this.read().finally(() => (this.loading = undefined));
    await this.loading;
  }

  async list({ app, before, limit }: DeploymentQuery): Promise<DeploymentPage> {
    const page: Deployment[] = [];
    let hasMore = false;
    for (const id of this.newestFirst()) {
      if (before !== undefined && id >= before) continue;
      const deployment = this.get(id);
      if (!deployment) continue;
      if (app !== undefined && deployment.app !== app) continue;
      if (page.length >= limit) {
        hasMore = true;
        break;
      }
      page.push(deployment);
    }
    return { deployments: await Promise.all(page.map((one) => this.folder.readWhole(one))), hasMore };
  }

  /** Says something about one that is another's to run, until it is over or this process runs it. */
  note(deployment: Deployment, message: string): void {
    const isNews = this.get(deployment.id)?.message !== message;
    const noted = { ...deployment, message };
    this.notes.set(deployment.id, message);
    this.known.set(deployment.id, noted);
    if (isNews) this.changed.fire([noted]);
  }

  isNoted(id: DeploymentId): boolean {
    return this.notes.has(id);
  }

  /** What this process runs is so from now on. */
  set(deployment: Deployment): void {
    this.notes.delete(deployment.id);
    this.own.add(deployment.id);
    if (!this.ids.has(deployment.id)) this.sorted = undefined;
    this.ids.add(deployment.id);
    this.known.set(deployment.id, deployment);
    this.changed.fire([deployment]);
    this.looked.fire();
  }

  /** It is so, but its journal does not say it: the disk is full. The next process finds it unfinished. */
  setUnwritten(deployment: Deployment): void {
    this.unwritten.add(deployment.id);
    this.set(deployment);
  }

  isUnwritten(id: DeploymentId): boolean {
    return this.unwritten.has(id);
  }

  remove(ids: readonly DeploymentId[]): void {
    for (const id of ids) this.forget(id);
    this.sorted = undefined;
  }

  /** Journals of this process have grown. */
  grew(): void {
    this.looked.fire();
  }

  /** Sees what other processes write, until disposed. */
  watch(): Disposable {
    this.watchers += 1;
    if (this.watchers === 1) this.beginWatch();
    return toDisposable(() => {
      this.watchers -= 1;
      if (this.watchers === 0) this.endWatch();
    });
  }

  dispose(): void {
    this.endWatch();
    this.store.dispose();
  }

  private async read(): Promise<void> {
    const { index } = this.folder;
    await index.load();
    const ids = await this.folder.ids();
    const isFirst = !this.isLoaded;
    const changed = await this.takeEach(ids);
    this.forgetAllBut(new Set(ids));
    for (const id of index.takeChanged()) {
      // At first that is all of them: parsing what nobody looks at is most of the work.
      const deployment = isFirst || this.known.has(id) ? undefined : this.get(id);
      if (deployment) changed.set(id, deployment);
    }
    this.sorted = undefined;
    this.isLoaded = true;
    // At first not all there ever were: whoever wants older ones lists them.
    const told = isFirst ? this.current : changed;
    if (isFirst || changed.size > 0) this.changed.fire([...(told?.values() ?? [])]);
    this.linger();
  }

  /** Those that are other than was known. */
  private async takeEach(ids: readonly DeploymentId[]): Promise<Map<DeploymentId, Deployment>> {
    const changed = new Map<DeploymentId, Deployment>();
    for (const id of ids) {
      const deployment = this.isIndexed(id) ? this.takeIndexed(id) : await this.readOne(id);
      if (deployment) changed.set(id, deployment);
    }
    return changed;
  }

  /** Whether the index knows best. What this process runs it knows best itself. */
  private isIndexed(id: DeploymentId): boolean {
    const known = this.own.has(id) ? this.known.get(id) : undefined;
    return this.folder.index.has(id) && !(known && !isOver(known.status));
  }

  /** The deployment, if it was not over as far as was known. */
  private takeIndexed(id: DeploymentId): Deployment | undefined {
    this.notes.delete(id);
    this.ids.add(id);
    const isNews = this.known.delete(id) && !this.own.has(id);
    return isNews ? this.get(id) : undefined;
  }

  /** The deployment, if it is another than was known. */
  private async readOne(id: DeploymentId): Promise<Deployment | undefined> {
    if (this.own.has(id)) return undefined;
    const read = (await this.folder.summarize(id).catch(() => undefined))?.deployment;
    if (!read) return undefined;
    const message = isOver(read.status) ? undefined : this.notes.get(id);
    const deployment = message === undefined ? read : { ...read, message };
    const before = this.known.get(id);
    this.ids.add(id);
    this.known.set(id, deployment);
    return JSON.stringify(before) === JSON.stringify(deployment) ? undefined : deployment;
  }

  private forgetAllBut(there: ReadonlySet<DeploymentId>): void {
    for (const id of this.ids) if (!there.has(id) && !this.own.has(id)) this.forget(id);
  }

  private forget(id: DeploymentId): void {
    this.ids.delete(id);
    this.known.delete(id);
    this.notes.delete(id);
  }

  private newestFirst(): readonly DeploymentId[] {
    this.sorted ??= [...this.ids].sort().reverse();
    return this.sorted;
  }

  private beginWatch(): void {
    const look = (_event: string, name: string | null): void => {
      const id = name === null ? undefined : this.folder.idOf(name);
      if (id === undefined || !this.own.has(id)) this.isFolderChanged = true;
      this.timer ??= this.clock.setTimer(() => void this.look(), LOOK_DELAY_MS);
    };
    try {
      this.fileWatch = watch(this.folder.journalsPath, look);
      // A folder that goes away ends the watch; what this process runs is seen all the same.
      this.fileWatch.on('error', () => this.endWatch());
    } catch {
      this.fileWatch = undefined;
    }
    this.linger();
  }

  private linger(): void {
    if (this.lingerTimer || this.watchers === 0) return;
    if (!this.unfinished.some(({ id }) => !this.own.has(id))) return;
    this.lingerTimer = this.clock.setTimer(() => {
      this.lingerTimer = undefined;
      this.lingered.fire();
      this.linger();
    }, LINGER_MS);
  }

  private endWatch(): void {
    this.fileWatch?.close();
    this.fileWatch = undefined;
    this.timer?.dispose();
    this.timer = undefined;
    this.lingerTimer?.dispose();
    this.lingerTimer = undefined;
  }

  private async look(): Promise<void> {
    this.timer = undefined;
    this.looked.fire();
    // What this process runs is known without a look: with a long past that is work.
    if (!this.isFolderChanged) return;
    this.isFolderChanged = false;
    const isOthers = [...(await this.folder.ids())].some((id) => !this.ids.has(id) || this.isOthers(id));
    if (isOthers) await this.load().catch(() => undefined);
  }

  private isOthers(id: DeploymentId): boolean {
    const deployment = this.known.get(id);
    return !this.own.has(id) && deployment !== undefined && !isOver(deployment.status);
  }
}
