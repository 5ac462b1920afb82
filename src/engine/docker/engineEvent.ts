import type { Container, ContainerId, Health } from '../../model/container';
import { asFields, asNumber, asText, asTextRecord } from './fields';

const NANOSECONDS = 1_000_000_000;

/** One event about a container. */
export interface EngineEvent {
  readonly containerId: ContainerId;
  /** Without details: `exec_create`, not `exec_create: sh -c …`. */
  readonly action: string;
  /** What `health_status` events tell. */
  readonly health?: Health;
  readonly attributes: Readonly<Record<string, string>>;
  /** By the engine's clock, in seconds since the Unix epoch, to a microsecond; infinite if it did not say. */
  readonly atSeconds: number;
}

/**
 * Reads one event. API 1.52 removed `status` and `id`, so only `Action` and `Actor.ID` count; Podman says `Type` and
 * `Action` too. `undefined` for events that are not about a container.
 *
 * @throws SyntaxError when the text is no JSON
 */
export function readEvent(text: string): EngineEvent | undefined {
  const fields = asFields(JSON.parse(text));
  if (fields === undefined || fields['Type'] !== 'container') return undefined;
  const actor = asFields(fields['Actor']);
  const containerId = asText(actor?.['ID']);
  const action = asText(fields['Action']);
  if (containerId === undefined || containerId === '' || action === undefined) return undefined;
  const [name = action, detail = ''] = action.split(/: ?/, 2);
  // Docker says which in the action, Podman in a field of its own.
  const health = name === 'health_status' ? asHealth(detail || asText(fields['HealthStatus'])) : undefined;
  const attributes = asTextRecord(actor?.['Attributes']);
  const atSeconds = (asNumber(fields['timeNano']) ?? Number.POSITIVE_INFINITY) / NANOSECONDS;
  return { containerId, action: name, attributes, atSeconds, ...(health && { health }) };
}

function asHealth(text: string | undefined): Health | undefined {
  return text === 'starting' || text === 'healthy' || text === 'unhealthy' ? text : undefined;
}

/** Actions that say in which state a container is from then on. */
const STATE_ACTIONS: ReadonlySet<string> = new Set(['die', 'stop', 'start', 'restart', 'pause', 'unpause']);

export function tellsState(event: EngineEvent): boolean {
  return STATE_ACTIONS.has(event.action);
}

/**
 * Whether a container, as a list shows it, can't be what this event, the latest that tells its state, made it. Engine
 * 20.10 sends `die` before its list shows the end, so a look right after the event may find the state before it.
 */
export function contradicts({ action }: EngineEvent, { state }: Container): boolean {
  if (action === 'die' || action === 'stop') return state === 'running' || state === 'paused';
  if (action === 'pause') return state === 'running';
  return tellsStart(action) && (state === 'paused' || state === 'created');
}

function tellsStart(action: string): boolean {
  return action === 'start' || action === 'restart' || action === 'unpause';
}

/** Actions that leave the container as the list shows it. All others, also unknown ones, mean: look again. */
const HARMLESS_ACTIONS: ReadonlySet<string> = new Set([
  'archive-path',
  'attach',
  'commit',
  'copy',
  'detach',
  'exec_create',
  'exec_detach',
  'exec_die',
  'exec_start',
  'exec',
  'export',
  'extract-to-dir',
  'resize',
  'top',
]);

export function changesContainer(event: EngineEvent): boolean {
  return !HARMLESS_ACTIONS.has(event.action);
}

/** Podman says `remove` where Docker says `destroy`. */
export function removesContainer(event: EngineEvent): boolean {
  return event.action === 'destroy' || event.action === 'remove';
}
