import type { Event } from '../../base/emitter';
import type { Container, ContainerId } from '../../model/container';
import type { ContainersChange } from '../engine';
import type { DockerApi } from './dockerApi';
import type { DockerEndpoint } from './endpoint';

/** A live connection as whoever watches its machine sees it. */
export interface MachineSession {
  readonly api: Pick<DockerApi, 'openImageEvents' | 'countImages' | 'readInfo'>;
  readonly endpointKind: DockerEndpoint['kind'];
}

/** An engine as whoever watches its machine sees it. */
export interface MachineSource {
  readonly session: MachineSession | undefined;
  readonly onDidChangeSession: Event<unknown>;
  readonly containers: ReadonlyMap<ContainerId, Container> | undefined;
  readonly onDidChangeContainers: Event<ContainersChange>;
}
