import { isActive, type Container } from './container';
import { formatImage, formatPublishedPorts, formatStateAge, oneLine } from './format';

/** How a state looks: a codicon and the id of a theme colour. */
export interface StateIcon {
  readonly icon: string;
  readonly color?: string;
}

const GREEN = 'charts.green';
const RED = 'charts.red';
const YELLOW = 'charts.yellow';
const ORANGE = 'charts.orange';
/** What is not running, or not known to be up to date. */
export const DIMMED = 'disabledForeground';

const ICONS: ReadonlyMap<string, StateIcon> = new Map<string, StateIcon>([
  ['created', { icon: 'circle-outline', color: DIMMED }],
  ['paused', { icon: 'debug-pause', color: YELLOW }],
  ['restarting', { icon: 'debug-restart', color: ORANGE }],
  ['removing', { icon: 'trash', color: DIMMED }],
  ['dead', { icon: 'error', color: RED }],
]);

/** Exit codes of an orderly end: success, and the signals `docker stop` sends (SIGINT, SIGKILL, SIGTERM). */
const ORDERLY_EXIT_CODES: readonly number[] = [0, 130, 137, 143];

export function stateIcon(container: Container): StateIcon {
  if (container.state === 'running') return runningIcon(container);
  if (container.state === 'exited') {
    const isOrderly = container.exitCode === undefined || ORDERLY_EXIT_CODES.includes(container.exitCode);
    return isOrderly ? { icon: 'debug-stop', color: DIMMED } : { icon: 'error', color: RED };
  }
  return ICONS.get(container.state) ?? { icon: 'question' };
}

function runningIcon(container: Container): StateIcon {
  switch (container.health) {
    case 'unhealthy':
      return { icon: 'warning', color: RED };
    case 'starting':
      return { icon: 'play-circle', color: YELLOW };
    case 'healthy':
      return { icon: 'pass-filled', color: GREEN };
    default:
      return { icon: 'circle-filled', color: GREEN };
  }
}

/** The state in Docker's own words: `running · unhealthy`, `exited (137)`. */
export function stateText(container: Container): string {
  const state = oneLine(container.state, 40);
  if (isActive(container)) return container.health === undefined ? state : `${state} · ${container.health}`;
  return container.exitCode === undefined ? state : `${state} (${container.exitCode})`;
}

/**
 * What stands beside a container's name: image, published ports, uptime. A state other than plainly running is said first,
 * because a narrow side bar cuts the rest off.
 */
export function containerDescription(container: Container, nowMs: number): string {
  const age = formatStateAge(container, nowMs);
  const isPlainRunning = container.state === 'running' && container.health !== 'unhealthy';
  const what = [formatImage(container.image), formatPublishedPorts(container.ports)];
  const state = container.state === 'running' ? container.health : stateText(container);
  const parts = isPlainRunning ? [...what, age] : [joined(state ?? '', age), ...what];
  return parts.filter((part) => part !== undefined && part !== '').join(' · ');
}

function joined(state: string, age: string | undefined): string {
  return age === undefined ? state : `${state} ${age}`;
}

/** What an engine offers, as far as menus care. */
export interface MenuCapabilities {
  readonly lifecycle: boolean;
  /** Rename and remove; as `lifecycle` where it is left out. */
  readonly manage?: boolean;
  readonly exec: boolean;
  /** Deploy to the host; not where it is left out. */
  readonly deploy?: boolean;
}

/** Where a container's menus look: `container;running;canStop;…`, matched in package.json by `viewItem =~ /;canStop;/`. */
export function containerContext(container: Container, can: MenuCapabilities, isTailing: boolean): string {
  const { state } = container;
  const isUp = isActive(container);
  const flags: readonly (readonly [boolean, string])[] = [
    [can.lifecycle && !isUp && state !== 'removing' && state !== 'dead', 'canStart'],
    [can.lifecycle && isUp, 'canStop'],
    [can.lifecycle && state === 'running', 'canPause'],
    [can.lifecycle && state === 'paused', 'canUnpause'],
    [can.lifecycle, 'canManage'],
    [can.manage ?? can.lifecycle, 'canChange'],
    [can.exec && state === 'running', 'canShell'],
    [can.deploy === true, 'canDeploy'],
    [!isTailing, 'canTail'],
    [isTailing, 'tailing'],
    [container.ports.some((port) => port.hostPort !== undefined && port.protocol === 'tcp'), 'hasPort'],
  ];
  const held = flags.filter(([holds]) => holds).map(([, name]) => name);
  return `container;${[state.replace(/[^\w-]/g, ''), ...held].join(';')};`;
}
