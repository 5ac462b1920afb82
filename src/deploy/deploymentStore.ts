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

/**
 * All deployments of a folder, whoever runs them: what this process runs is told by {@link set}, what another one runs is
 * read from its journals while somebody watches.
 */
export class DeploymentStore implements Disposable {
  private readonly store = new DisposableStore();
  private readonly changed = this.store.add(new Emitter<readonly Deployment[]>());
  private readonly looked = this.store.add(new Emitter<void>());
  private readonly known = new Map<DeploymentId, Deployment>();
  /** Run by this process: nobody else writes their journals. */
  private readonly own = new Set<DeploymentId>();
  /** They are over, but their journals could not be told. */
  private readonly unwritten = new Set<DeploymentId>();
  private sorted: readonly DeploymentId[] | undefined;
  private watchers = 0;
  private fileWatch: FSWatcher | undefined;
  private timer: Disposable | undefined;
  private loading: Promise<void> | undefined;
  private isLoaded = false;
  /** By others, as far as is known. */
  private isFolderChanged = false;

  readonly onDidChange = this.changed.event;
  /** Journals may have grown. */
  readonly onDidLook = this.looked.event;

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
      const deployment = this.known.get(id);
      if (!deployment) continue;
      const isShown = !isOver(deployment.status) || (over += 1) <= MOST_SHOWN;
      if (isShown) shown.set(id, deployment);
    }
    return shown;
  }

  get all(): Iterable<Deployment> {
    return this.known.values();
  }

  get(id: DeploymentId): Deployment | undefined {
    return this.known.get(id);
  }

  /** Also one that another process began just now. */
  async find(id: DeploymentId): Promise<Deployment | undefined> {
    if (!this.known.has(id) && (await this.folder.hasJournal(id))) await this.load();
    return this.known.get(id);
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
      const deployment = this.known.get(id);
      if (!deployment || (before !== undefined && id >= before)) continue;
      if (app !== undefined && deployment.app !== app) continue;
      if (page.length >= limit) {
        hasMore = true;
        break;
      }
      page.push(deployment);
    }
    return { deployments: await Promise.all(page.map((one) => this.folder.readWhole(one))), hasMore };
  }

  /** What this process runs is so from now on. */
  set(deployment: Deployment): void {
    this.own.add(deployment.id);
    if (!this.known.has(deployment.id)) this.sorted = undefined;
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
    for (const id of ids) this.known.delete(id);
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
    const ids = new Set(await this.folder.ids());
    const isFirst = !this.isLoaded;
    const changed: Deployment[] = [];
    for (const id of ids) {
      const deployment = await this.readOne(id);
      if (!deployment || deployment === this.known.get(id)) continue;
      const before = this.known.get(id);
      this.known.set(id, deployment);
      if (!isFirst && JSON.stringify(before) !== JSON.stringify(deployment)) changed.push(deployment);
    }
    for (const id of this.known.keys()) if (!ids.has(id) && !this.own.has(id)) this.known.delete(id);
    this.sorted = undefined;
    this.isLoaded = true;
    // Not all there ever were: whoever wants older ones lists them.
    if (isFirst) changed.push(...(this.current?.values() ?? []));
    if (changed.length > 0 || isFirst) this.changed.fire(changed);
  }

  private async readOne(id: DeploymentId): Promise<Deployment | undefined> {
    const known = this.known.get(id);
    if (this.own.has(id) && known && !isOver(known.status)) return known;
    const listed = this.folder.index.deployments.get(id);
    if (listed) return listed;
    if (this.own.has(id)) return known;
    const summary = await this.folder.summarize(id).catch(() => undefined);
    return summary?.deployment;
  }

  private newestFirst(): readonly DeploymentId[] {
    this.sorted ??= [...this.known.keys()].sort().reverse();
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
  }

  private endWatch(): void {
    this.fileWatch?.close();
    this.fileWatch = undefined;
    this.timer?.dispose();
    this.timer = undefined;
  }

  private async look(): Promise<void> {
    this.timer = undefined;
    this.looked.fire();
    // What this process runs is known without a look: with a long past that is work.
    if (!this.isFolderChanged) return;
    this.isFolderChanged = false;
    const isOthers = [...(await this.folder.ids())].some((id) => !this.known.has(id) || this.isOthers(id));
    if (isOthers) await this.load().catch(() => undefined);
  }

  private isOthers(id: DeploymentId): boolean {
    const deployment = this.known.get(id);
    return !this.own.has(id) && deployment !== undefined && !isOver(deployment.status);
  }
}
