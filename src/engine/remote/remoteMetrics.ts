import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { ContainerId } from '../../model/container';
import type { MachineSeries, MachineUpdate } from '../../model/machineMetrics';
import type { MetricSeries, MetricUpdate } from '../../model/metrics';
import type { Chart } from '../../model/metricsChart';
import { LIMITS } from '../../protocol/limits';
import { EngineError } from '../engine';
import type { EngineMetrics, HistoryRange, MetricsRequest, MetricsSink, MetricsWatch } from '../metrics';
import type { AgentConnection } from './agentConnection';
import { MetricsFeed, type WatchedFigures } from './metricsFeed';
import { RemoteHistory, type HistoryQuery, type ReadHistory } from './remoteHistory';
import type { RemoteStreams } from './remoteStreams';

export interface RemoteMetricsOptions {
  readonly streams: RemoteStreams;
  readonly clock: Clock;
  /** @throws EngineError while there is none */
  readonly requireConnection: () => AgentConnection;
}

const AWAY: MetricUpdate = { kind: 'gap', gap: { reason: 'disconnected' } };
const MACHINE_AWAY: MachineUpdate = { kind: 'gap', reason: 'disconnected' };

/** The figures that an agent tells: one stream for all who watch here, and history as the agent remembers it. */
export class RemoteMetrics implements EngineMetrics, Disposable {
  private readonly store = new DisposableStore();
  private readonly feed: MetricsFeed;
  private readonly watches = new Set<RemoteWatch>();
  private readonly histories = new Set<RemoteHistory>();
  /** What the agent said last of what is watched. */
  private readonly latest = new Map<ContainerId, MetricUpdate>();
  private latestMachine: MachineUpdate | undefined;
  private wanted: WatchedFigures = { containers: new Set(), machine: false };
  private isConnected = false;
  private isDue = false;
  /** One history is read after the other. */
  private lastRead: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: RemoteMetricsOptions) {
    this.feed = this.store.add(
      new MetricsFeed({
        ...options,
        container: (id, update) => this.takeContainer(id, update),
        machine: (update) => this.takeMachine(update),
        refused: () => this.tellAll(),
      }),
    );
  }

  watch(request: MetricsRequest, sink: MetricsSink): MetricsWatch {
    const watch = new RemoteWatch(sink, {
      changed: () => this.changed(),
      left: (left) => {
        this.watches.delete(left);
        this.changed();
      },
    });
    this.watches.add(watch);
    watch.change(request);
    return watch;
  }

  async readHistory(
    containers: readonly ContainerId[],
    range: HistoryRange,
  ): Promise<ReadonlyMap<ContainerId, Chart<MetricSeries>>> {
    const charts = new Map<ContainerId, Chart<MetricSeries>>();
    const ids = [...new Set(containers)];
    for (let start = 0; start < ids.length; start += LIMITS.maxWatchedContainers) {
      const part = ids.slice(start, start + LIMITS.maxWatchedContainers);
      const read = await this.read({ containers: part, machine: false, range });
      for (const [id, chart] of read.containers) charts.set(id, chart);
    }
    return charts;
  }

  async readMachineHistory(range: HistoryRange): Promise<Chart<MachineSeries>> {
    const { machine } = await this.read({ containers: [], machine: true, range });
    if (!machine) throw new EngineError('agentFailure', 'The agent left out the history of its machine.');
    return machine;
  }

  /** Everything may be sent. */
  connected(connection: AgentConnection, isResumed: boolean): void {
    this.isConnected = true;
    if (!isResumed) this.forgetLatest();
    this.feed.connected(connection);
    // What does not change is not said again; of what does, the next sample comes soon.
    for (const [id, update] of this.latest) if (update.kind === 'gap') this.tellContainer(id, update);
    if (this.latestMachine?.kind === 'gap') this.tellMachine(this.latestMachine);
  }

  disconnected(): void {
    if (!this.isConnected) return;
    this.isConnected = false;
    this.feed.disconnected();
    for (const history of [...this.histories]) history.dispose();
    this.tellAll();
  }

  dispose(): void {
    for (const watch of [...this.watches]) watch.dispose();
    for (const history of [...this.histories]) history.dispose();
    this.store.dispose();
  }

  private read(query: HistoryQuery): Promise<ReadHistory> {
    const read = this.lastRead.then(() => this.readNow(query));
    this.lastRead = read.catch(() => undefined);
    return read;
  }

  private async readNow(query: HistoryQuery): Promise<ReadHistory> {
    const connection = this.options.requireConnection();
    const history = new RemoteHistory(connection, this.options.streams, this.options.clock, query);
    this.histories.add(history);
    try {
      return await history.done;
    } finally {
      this.histories.delete(history);
    }
  }

  /** A sink hears nothing before the call that asked for it has returned. */
  private changed(): void {
    if (this.isDue) return;
    this.isDue = true;
    queueMicrotask(() => {
      this.isDue = false;
      this.want();
    });
  }

  private want(): void {
    if (this.store.isDisposed) return;
    const containers = new Set<ContainerId>();
    for (const { request } of this.watches)
      for (const id of request.containers)
        if (containers.size < LIMITS.maxWatchedContainers) containers.add(id);
    const machine = [...this.watches].some(({ request }) => request.machine);
    this.wanted = { containers, machine };
    for (const id of [...this.latest.keys()]) if (!containers.has(id)) this.latest.delete(id);
    if (!machine) this.latestMachine = undefined;
    for (const watch of [...this.watches]) watch.begin((id) => this.known(id), this.knownMachine());
    this.feed.want(this.wanted);
  }

  /** What there is to say of a container at the moment. */
  private known(id: ContainerId): MetricUpdate | undefined {
    if (!this.wanted.containers.has(id)) return tooMany();
    if (!this.isConnected) return AWAY;
    const { refusedWith: error } = this.feed;
    return error ? { kind: 'gap', gap: { reason: 'interrupted', error } } : this.latest.get(id);
  }

  private knownMachine(): MachineUpdate | undefined {
    return this.isConnected && !this.feed.refusedWith ? this.latestMachine : MACHINE_AWAY;
  }

  private takeContainer(id: ContainerId, update: MetricUpdate): void {
    this.latest.set(id, update);
    this.tellContainer(id, update);
  }

  private takeMachine(update: MachineUpdate): void {
    this.latestMachine = update;
    this.tellMachine(update);
  }

  /** Tells everybody what there is to say now. */
  private tellAll(): void {
    for (const id of this.wanted.containers) {
      const update = this.known(id);
      if (update) this.tellContainer(id, update);
    }
    const machine = this.knownMachine();
    if (machine) this.tellMachine(machine);
  }

  private tellContainer(id: ContainerId, update: MetricUpdate): void {
    for (const watch of [...this.watches]) watch.tellContainer(id, update);
  }

  private tellMachine(update: MachineUpdate): void {
    for (const watch of [...this.watches]) watch.tellMachine(update);
  }

  private forgetLatest(): void {
    this.latest.clear();
    this.latestMachine = undefined;
  }
}

function tooMany(): MetricUpdate {
  const text = `At most ${LIMITS.maxWatchedContainers} containers of one agent can be watched at once.`;
  return { kind: 'gap', gap: { reason: 'interrupted', error: new EngineError('notSupported', text) } };
}

interface WatchEvents {
  changed(): void;
  left(watch: RemoteWatch): void;
}

/** What one watcher here watches. */
class RemoteWatch implements MetricsWatch {
  request: { readonly containers: ReadonlySet<ContainerId>; readonly machine: boolean } = {
    containers: new Set(),
    machine: false,
  };
  /** Those that were begun: the others are told what is known first. */
  private begun = new Set<ContainerId>();
  private hasBegunMachine = false;
  private isDisposed = false;

  constructor(
    private readonly sink: MetricsSink,
    private readonly events: WatchEvents,
  ) {}

  change({ containers, machine }: MetricsRequest): void {
    if (this.isDisposed) return;
    this.request = { containers: new Set(containers), machine };
    this.begun = new Set([...this.begun].filter((id) => this.request.containers.has(id)));
    if (!machine) this.hasBegunMachine = false;
    this.events.changed();
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.events.left(this);
  }

  begin(known: (id: ContainerId) => MetricUpdate | undefined, machine: MachineUpdate | undefined): void {
    const { request } = this;
    for (const id of request.containers) {
      if (this.isOutdated(request)) return;
      if (this.begun.has(id)) continue;
      this.begun.add(id);
      const update = known(id);
      if (update) this.sink.container(id, update);
    }
    if (this.isOutdated(request) || !request.machine || this.hasBegunMachine) return;
    this.hasBegunMachine = true;
    if (machine) this.sink.machine(machine);
  }

  tellContainer(id: ContainerId, update: MetricUpdate): void {
    if (!this.isDisposed && this.begun.has(id)) this.sink.container(id, update);
  }

  tellMachine(update: MachineUpdate): void {
    if (!this.isDisposed && this.hasBegunMachine) this.sink.machine(update);
  }

  private isOutdated(request: RemoteWatch['request']): boolean {
    return this.isDisposed || this.request !== request;
  }
}
