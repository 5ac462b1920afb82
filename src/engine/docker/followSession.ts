import type { Event } from '../../base/emitter';
import type { Container, ContainerId } from '../../model/container';
import type { PartStamps } from '../../model/logLines';
import type { ContainersChange } from '../engine';
import type { DockerApi } from './dockerApi';
import type { EngineEvent } from './engineEvent';

/** A live connection as the follower sees it. */
export interface FollowSession {
  readonly api: Pick<DockerApi, 'inspectRun' | 'openLog'>;
  readonly onEvent: Event<EngineEvent>;
  readonly containers: ReadonlyMap<ContainerId, Container>;
  readonly onDidChangeContainers: Event<ContainersChange>;
  readonly partStamps: PartStamps;
}

/** Where the follower finds the connection of the moment. */
export interface SessionSource {
  readonly session: FollowSession | undefined;
  readonly onDidChangeSession: Event<unknown>;
}
