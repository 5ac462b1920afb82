import type { ContainerCommand } from '../../engine/engine';
import { isActive, type Container } from '../../model/container';
import type { Reconciled } from './commandTable';

/**
 * What a container's state tells of a command that was under way when the agent was ended: whether what it was for has
 * come about, whoever did it. `container` is `undefined` if there is none of this id any more. A restart, and a kill that
 * need not end the process, leave nothing to tell them by.
 */
export function reconcileCommand(command: ContainerCommand, container: Container | undefined): Reconciled {
  if (container === undefined) return command.kind === 'remove' ? 'done' : 'undetermined';
  switch (command.kind) {
    case 'start':
      return reached(isActive(container));
    case 'stop':
      return reached(!isActive(container));
    case 'pause':
      return reached(container.state === 'paused');
    case 'unpause':
      return reached(container.state !== 'paused');
    case 'rename':
      return reached(container.name === command.name);
    case 'remove':
      return container.state === 'removing' ? 'undetermined' : 'notDone';
    case 'kill':
      return isActive(container) ? 'undetermined' : 'done';
    case 'restart':
      return 'undetermined';
  }
}

function reached(isReached: boolean): Reconciled {
  return isReached ? 'done' : 'notDone';
}
