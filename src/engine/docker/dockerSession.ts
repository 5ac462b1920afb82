import { setMaxListeners } from 'node:events';
import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import type { PartStamps } from '../../model/logLines';
import { EngineError, type EngineInfo } from '../engine';
import { ContainerWatch, type Log } from './containerWatch';
import { DeployApi } from './deployApi';
import { DockerApi } from './dockerApi';
import type { DockerClient } from './dockerClient';
import type { DockerEndpoint } from './endpoint';
import { EngineRequests } from './engineRequests';
import { StatsExchange } from './statsExchange';
import type { OpenStats } from './statsHandouts';

/** One live connection to an engine: its requests and its watch end together. */
export class DockerSession implements Disposable {
  readonly api: DockerApi;
  readonly deploys: DeployApi;
  readonly watch: ContainerWatch;
  readonly openStats: OpenStats;
  private readonly statsExchange: StatsExchange | undefined;
  private readonly abort = new AbortController();

  /** @param statsPlace where statistics are shared with other processes, if they are */
  constructor(
    private readonly client: DockerClient,
    readonly info: EngineInfo,
    readonly endpointKind: DockerEndpoint['kind'],
    clock: Clock,
    log: Log,
    statsPlace?: string,
  ) {
    // Every open stream listens to it, and a host may have hundreds.
    setMaxListeners(0, this.abort.signal);
    this.api = new DockerApi(client, this.abort.signal);
    this.deploys = new DeployApi(new EngineRequests(client.docker, this.abort.signal));
    this.watch = new ContainerWatch(this.api, clock, log);
    const openOwn: OpenStats = (id, signal) => this.api.openStats(id, signal);
    if (statsPlace !== undefined) this.statsExchange = new StatsExchange(statsPlace, openOwn, clock);
    this.openStats = this.statsExchange?.openStats.bind(this.statsExchange) ?? openOwn;
  }

  get onEvent(): ContainerWatch['onEvent'] {
    return this.watch.onEvent;
  }

  get containers(): ContainerWatch['current'] {
    return this.watch.current;
  }

  get onDidChangeContainers(): ContainerWatch['onDidChange'] {
    return this.watch.onDidChange;
  }

  get partStamps(): PartStamps {
    return this.info.product === 'Libpod' ? 'own' : 'shared';
  }

  dispose(): void {
    this.watch.dispose();
    this.statsExchange?.dispose();
    this.abort.abort(new EngineError('connectionLost', 'The connection to the engine was closed.'));
    this.client.dispose();
  }
}
