import { isActive, type Container } from '../../../model/container';
import { stateText } from '../../../model/describe';
import { formatImage, oneLine } from '../../../model/format';
import { compareText } from '../../../model/groupingOrder';
import {
  MOST_ROWS_PER_HOST,
  type ContainerRow,
  type HostRow,
  type RowKey,
} from '../../../protocol/webview/metrics';
import { isDisconnected, type Host } from '../../hosts/host';
import { troubleOf } from '../../hosts/trouble';
import { troubleInWords } from '../../hosts/troubleWords';

const LONGEST_NAME = 300;

export function rowKey(hostId: string, containerId: string): RowKey {
  return `${hostId}/${containerId}`;
}

/** Which of a host's containers have rows: those with a process by name, then those that stopped last. */
export function chosenContainers(containers: Iterable<Container>): {
  readonly chosen: readonly Container[];
  readonly leftOut: number;
} {
  const active: Container[] = [];
  const stopped: Container[] = [];
  for (const container of containers) (isActive(container) ? active : stopped).push(container);
  active.sort((one, other) => compareText(one.name, other.name));
  const room = Math.max(0, MOST_ROWS_PER_HOST - active.length);
  if (stopped.length > room)
    stopped.sort((one, other) => (other.stateSinceMs ?? 0) - (one.stateSinceMs ?? 0));
  const chosen = [...active.slice(0, MOST_ROWS_PER_HOST), ...stopped.slice(0, room)];
  return { chosen, leftOut: active.length + stopped.length - chosen.length };
}

export function containerRow(host: Host, container: Container): ContainerRow {
  return {
    key: rowKey(host.id, container.id),
    hostId: host.id,
    name: oneLine(container.name, LONGEST_NAME),
    project: container.compose ? oneLine(container.compose.project, LONGEST_NAME) : null,
    image: formatImage(container.image),
    state: oneLine(container.state, 40),
    stateText: stateText(container),
    isActive: isActive(container),
  };
}

export function hostRow(host: Host, leftOut: number): HostRow {
  const { engine } = host;
  const trouble = troubleOf(host);
  const containers = engine.containers && [...engine.containers.values()];
  return {
    id: host.id,
    name: oneLine(host.name, 80),
    state: connectionOf(host),
    reason: trouble ? troubleInWords(trouble, host) : null,
    isMeasured: engine.metrics !== undefined,
    running: containers?.filter(({ state }) => state === 'running').length ?? null,
    total: containers?.length ?? null,
    leftOut,
  };
}

function connectionOf(host: Host): HostRow['state'] {
  if (isDisconnected(host)) return 'disconnected';
  switch (host.engine.connection.kind) {
    case 'ready':
      return 'ready';
    case 'waiting':
      return 'away';
    default:
      return host.engine.containers ? 'away' : 'connecting';
  }
}
