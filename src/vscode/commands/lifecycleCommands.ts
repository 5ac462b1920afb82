import * as vscode from 'vscode';
import type { ContainerCommand } from '../../engine/engine';
import { isActive, type Container } from '../../model/container';
import type { Host } from '../hosts/host';
import type { Notifier } from '../notify';
import type { CommandHandlers, Invocation } from './registry';
import { performAll } from './performAll';
import { listOf, namesOf, type Target, type Targets } from './targets';

type SimpleKind = 'start' | 'stop' | 'restart' | 'pause' | 'unpause';

/** How one kind of command presents itself. */
interface Presentation {
  readonly placeholder: string;
  readonly accepts: (container: Container) => boolean;
  readonly progress: (names: string) => string;
  readonly failure: (names: string) => string;
}

const presentations: Readonly<Record<SimpleKind, Presentation>> = {
  start: {
    get placeholder() {
      return vscode.l10n.t('Start which container?');
    },
    accepts: (container) => !isActive(container),
    progress: (names) => vscode.l10n.t('Starting {0}', names),
    failure: (names) => vscode.l10n.t('Could not start {0}', names),
  },
  stop: {
    get placeholder() {
      return vscode.l10n.t('Stop which container?');
    },
    accepts: isActive,
    progress: (names) => vscode.l10n.t('Stopping {0}', names),
    failure: (names) => vscode.l10n.t('Could not stop {0}', names),
  },
  restart: {
    get placeholder() {
      return vscode.l10n.t('Restart which container?');
    },
    accepts: () => true,
    progress: (names) => vscode.l10n.t('Restarting {0}', names),
    failure: (names) => vscode.l10n.t('Could not restart {0}', names),
  },
  pause: {
    get placeholder() {
      return vscode.l10n.t('Pause which container?');
    },
    accepts: ({ state }) => state === 'running',
    progress: (names) => vscode.l10n.t('Pausing {0}', names),
    failure: (names) => vscode.l10n.t('Could not pause {0}', names),
  },
  unpause: {
    get placeholder() {
      return vscode.l10n.t('Resume which container?');
    },
    accepts: ({ state }) => state === 'paused',
    progress: (names) => vscode.l10n.t('Resuming {0}', names),
    failure: (names) => vscode.l10n.t('Could not resume {0}', names),
  },
};

/** Offered first to last; the engine takes any name or number. */
const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

type LifecycleCommand =
  | 'quaywatch.start'
  | 'quaywatch.stop'
  | 'quaywatch.restart'
  | 'quaywatch.pause'
  | 'quaywatch.unpause'
  | 'quaywatch.kill';

/** Start, stop, restart, pause, unpause and kill, of one container or of many. */
export function lifecycleCommands(
  targets: Targets,
  notifier: Notifier,
): Pick<CommandHandlers, LifecycleCommand> {
  const simple =
    (kind: SimpleKind) =>
    (nodes: Invocation): Promise<void> =>
      runSimple(kind, nodes, targets, notifier);
  return {
    'quaywatch.start': simple('start'),
    'quaywatch.stop': simple('stop'),
    'quaywatch.restart': simple('restart'),
    'quaywatch.pause': simple('pause'),
    'quaywatch.unpause': simple('unpause'),
    'quaywatch.kill': (nodes) => kill(nodes, targets, notifier),
  };
}

async function runSimple(
  kind: SimpleKind,
  nodes: Invocation,
  targets: Targets,
  notifier: Notifier,
): Promise<void> {
  const { placeholder, accepts, progress, failure } = presentations[kind];
  const mayUse = (container: Container, { engine }: Host): boolean =>
    engine.capabilities.lifecycle && accepts(container);
  const chosen = await targets.choose(nodes, { placeholder, accepts: mayUse });
  if (chosen.length === 0 || !(await isConfirmed(kind, chosen))) return;
  const commandFor = ({ container }: Target): ContainerCommand => ({ kind, id: container.id });
  await performAll(chosen, commandFor, { progress, failure, notifier });
}

/** Taking down several at once is asked about; a single one is started again as easily as it was stopped. */
async function isConfirmed(kind: SimpleKind, chosen: readonly Target[]): Promise<boolean> {
  if (chosen.length < 2 || (kind !== 'stop' && kind !== 'restart')) return true;
  const isStop = kind === 'stop';
  const question = isStop
    ? vscode.l10n.t('Stop {0} containers?', chosen.length)
    : vscode.l10n.t('Restart {0} containers?', chosen.length);
  const action = isStop ? vscode.l10n.t('Stop') : vscode.l10n.t('Restart');
  const options = { modal: true, detail: listOf(chosen) };
  return (await vscode.window.showWarningMessage(question, options, action)) === action;
}

async function kill(nodes: Invocation, targets: Targets, notifier: Notifier): Promise<void> {
  const placeholder = vscode.l10n.t('Kill which container?');
  const chosen = await targets.choose(nodes, {
    placeholder,
    accepts: (container, { engine }) => engine.capabilities.lifecycle && isActive(container),
  });
  if (chosen.length === 0) return;
  const names = namesOf(chosen);
  const signal = await vscode.window.showQuickPick([...SIGNALS], {
    placeHolder: vscode.l10n.t('Which signal to send to {0}?', names),
  });
  if (signal === undefined) return;
  const action = vscode.l10n.t('Send {0}', signal);
  const options = { modal: true, detail: listOf(chosen) };
  const question = vscode.l10n.t('Send {0} to {1}?', signal, names);
  if ((await vscode.window.showWarningMessage(question, options, action)) !== action) return;
  const commandFor = ({ container }: Target): ContainerCommand => ({
    kind: 'kill',
    id: container.id,
    signal,
  });
  await performAll(chosen, commandFor, {
    progress: (text) => vscode.l10n.t('Killing {0}', text),
    failure: (text) => vscode.l10n.t('Could not kill {0}', text),
    notifier,
  });
}
