import type { ContainerCommand } from '../../engine/engine';
import { PERFORM_ROLES } from '../../protocol/actions';
import { hasRole, type Role } from '../../protocol/envelope';
import type { Scope } from './scope';

/** Everything the agent does for anybody. */
export type Action =
  | 'containers'
  | 'logs'
  | 'metrics'
  | 'deployments'
  | 'inspect'
  | ContainerCommand['kind']
  | 'deploy'
  | 'exec';

/**
 * The least role that may do each thing. A role may do all that those before it may.
 *
 * - viewer: what the tree, the log channels and the panels show. It changes nothing. Inspect is among it, without the
 *   values of environment variables, which often are passwords ({@link seesEnvironment}).
 * - operator: what keeps a service running or puts a new version of it there, and can be undone by the opposite.
 * - admin: what destroys, takes another's place, or gives the container's own rights. A shell reads every file of the
 *   container and, where that one is privileged or has the engine's socket, its whole host. Removing can't be undone. A
 *   name decides which container takes over the log of one that was removed.
 */
const LEAST_ROLE: Readonly<Record<Action, Role>> = {
  containers: 'viewer',
  logs: 'viewer',
  metrics: 'viewer',
  deployments: 'viewer',
  inspect: 'viewer',
  ...PERFORM_ROLES,
  deploy: 'operator',
  exec: 'admin',
};

/**
 * What no scoped token may do, whatever its role: names belong to the whole engine, so that the answer to a rename tells
 * which names others use, and an image's build and a new container's labels are bounded by no scope.
 */
const NEEDS_WHOLE_ENGINE: ReadonlySet<Action> = new Set<Action>(['rename', 'deploy']);

/** Actions that change something, and must be in the audit log before they begin. */
const HARMLESS: ReadonlySet<Action> = new Set<Action>([
  'containers',
  'logs',
  'metrics',
  'deployments',
  'inspect',
]);

/** What somebody who has authenticated may do. */
export interface Rights {
  readonly role: Role;
  /** All containers when there is none. */
  readonly scope?: Scope;
}

/** Whether these rights allow the action at all; whether on this container is for the scope to say. */
export function mayDo({ role, scope }: Rights, action: Action): boolean {
  if (scope !== undefined && NEEDS_WHOLE_ENGINE.has(action)) return false;
  return hasRole(role, LEAST_ROLE[action]);
}

export function changesSomething(action: Action): boolean {
  return !HARMLESS.has(action);
}

/** Whether environment variables may be shown with their values. */
export function seesEnvironment({ role }: Rights): boolean {
  return role !== 'viewer';
}
