import type { Event } from '../../base/emitter';
import type { Container, ContainerId } from '../../model/container';
import type { ContainersChange, EngineInfo } from '../engine';
import type { OpenStats } from './statsHandouts';

/** A live connection as readers of statistics see it. */
export interface StatsSession {
  readonly openStats: OpenStats;
  readonly info: Pick<EngineInfo, 'operatingSystem'>;
  /** Complete from the beginning, and live. */
  readonly containers: ReadonlyMap<ContainerId, Container>;
  readonly onDidChangeContainers: Event<ContainersChange>;
}

/** Where readers of statistics find the connection of the moment. */
export interface StatsSessionSource {
  readonly session: StatsSession | undefined;
  readonly onDidChangeSession: Event<unknown>;
}
