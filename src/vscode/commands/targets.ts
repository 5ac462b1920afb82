import * as vscode from 'vscode';
import type { Container, ContainerId } from '../../model/container';
import { stateIcon, stateText } from '../../model/describe';
import { formatImage, oneLine } from '../../model/format';
import { compareInProject, compareSingles } from '../../model/groupingOrder';
import { findContainer, isDisconnected, type Host } from '../hosts/host';
import type { HostConnector } from '../hosts/hostConnector';
import type { HostRegistry } from '../hosts/hostRegistry';
import type { Node } from '../tree/nodes';
import type { Invocation } from './registry';

/** A container to act on, and the host it is on. */
export interface Target {
  readonly host: Host;
  readonly container: Container;
}

/** More rows than this help nobody choose, and make the list slow. */
const MOST_PICKS = 1_000;
/** So long the containers of hosts that answer wait for those of hosts that don't. */
const PATIENCE_MS = 1_500;

interface TargetItem extends vscode.QuickPickItem {
  readonly target: Target;
}

export interface Choice {
  /** What the quick pick asks when the command was called without a row. */
  readonly placeholder: string;
  /** Which containers the command can be used on. */
  readonly accepts?: (container: Container, host: Host) => boolean;
}

/** Finds the containers a command is meant for: the rows it was called on, or what a quick pick answers. */
export class Targets {
  constructor(
    private readonly hosts: HostRegistry,
    private readonly connector: HostConnector,
  ) {}

  /** Empty when the person chose nothing. A project stands for those of its containers the command can be used on. */
  async choose(nodes: Invocation, { placeholder, accepts = () => true }: Choice): Promise<Target[]> {
    if (nodes.length > 0) return targetsOf(nodes).filter(({ container, host }) => accepts(container, host));
    const chosen = await pick(await this.candidates(accepts), placeholder);
    return chosen === undefined ? [] : [chosen];
  }

  /** As {@link choose}, but the quick pick takes several. */
  async chooseSeveral(nodes: Invocation, choice: Choice): Promise<readonly Target[]> {
    if (nodes.length > 0) return this.choose(nodes, choice);
    return pickSeveral(await this.candidates(choice.accepts ?? (() => true)), choice.placeholder);
  }

  async chooseOne(nodes: Invocation, choice: Choice): Promise<Target | undefined> {
    return (await this.choose(nodes.slice(0, 1), choice))[0];
  }

  private async candidates(accepts: NonNullable<Choice['accepts']>): Promise<Target[]> {
    return (await this.all()).filter(({ container, host }) => accepts(container, host));
  }

  /** Rejects only where no host has an answer: one that is out of reach must not keep the others' from being seen. */
  private async all(): Promise<Target[]> {
    const hosts = this.hosts.all.filter((host) => !isDisconnected(host));
    const asked = hosts.map(async (host) => targetsOn(host, await this.connector.containersOf(host)));
    const lists = await answersOf(
      asked,
      hosts.some(({ engine }) => engine.containers !== undefined),
    );
    return lists.flat();
  }
}

function targetsOn(host: Host, containers: ReadonlyMap<ContainerId, Container>): Target[] {
  return [...containers.values()].sort(compareSingles).map((container) => ({ host, container }));
}

/** What came, waiting for the slow ones no longer than a person likes to, if there is anything to show before. */
async function answersOf<T>(asked: readonly Promise<T>[], hasSome: boolean): Promise<T[]> {
  const answers = new Map<number, T>();
  const taken = asked.map((one, index) => one.then((answer) => void answers.set(index, answer)));
  const all = Promise.allSettled(taken);
  if (!hasSome) await Promise.any(taken).catch(() => all);
  await patience(all);
  if (answers.size === 0) await Promise.all(asked);
  return [...answers].sort(([one], [other]) => one - other).map(([, answer]) => answer);
}

async function patience(all: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)));
  await Promise.race([all, late]);
  clearTimeout(timer);
}

function targetsOf(nodes: Invocation): Target[] {
  const targets = new Map<string, Target>();
  for (const node of nodes) {
    for (const container of containersOf(node)) {
      targets.set(`${node.host.id}/${container.id}`, { host: node.host, container });
    }
  }
  return [...targets.values()];
}

function containersOf(node: Node): Container[] {
  if (node.kind === 'container') {
    const container = findContainer(node.host, node.containerId);
    return container === undefined ? [] : [container];
  }
  if (node.kind !== 'project') return [];
  const all = [...(node.host.engine.containers?.values() ?? [])];
  return all.filter(({ compose }) => compose?.project === node.project).sort(compareInProject);
}

async function pick(candidates: readonly Target[], placeholder: string): Promise<Target | undefined> {
  const items = itemsOf(candidates);
  if (items.length === 0) return undefined;
  return (await vscode.window.showQuickPick(items, { placeHolder: placeholder, matchOnDescription: true }))
    ?.target;
}

async function pickSeveral(candidates: readonly Target[], placeholder: string): Promise<readonly Target[]> {
  const items = itemsOf(candidates);
  if (items.length === 0) return [];
  const options = { placeHolder: placeholder, matchOnDescription: true, canPickMany: true } as const;
  return ((await vscode.window.showQuickPick(items, options)) ?? []).map(({ target }) => target);
}

/** Says so where there is nothing to choose from. */
function itemsOf(candidates: readonly Target[]): TargetItem[] {
  if (candidates.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('There is no container this can be used on.'));
  }
  const hostCount = new Set(candidates.map(({ host }) => host.id)).size;
  return candidates.slice(0, MOST_PICKS).map((target) => ({
    label: plainLabel(target.container.name),
    description: plainLabel(`${formatImage(target.container.image)} · ${stateText(target.container)}`),
    iconPath: new vscode.ThemeIcon(stateIcon(target.container).icon),
    ...(hostCount > 1 ? { detail: target.host.name } : {}),
    target,
  }));
}

/** Quick picks turn `$(name)` into an icon; what comes from a container must stay text. */
export function plainLabel(text: string): string {
  return oneLine(text).replaceAll('$(', '$ (');
}

/** Names one target, or counts several. */
export function namesOf(targets: readonly Target[]): string {
  const [only] = targets;
  if (targets.length === 1 && only !== undefined) return oneLine(only.container.name, 80);
  return vscode.l10n.t('{0} containers', targets.length);
}

/** Names of the targets for a dialog's detail, one a line, the first ones if there are many. */
export function listOf(targets: readonly Target[], most = 10): string {
  const names = targets
    .slice(0, most)
    .map(({ host, container }) => `${oneLine(container.name, 80)} (${host.name})`);
  const rest = targets.length - names.length;
  return [...names, ...(rest > 0 ? [vscode.l10n.t('… and {0} more', rest)] : [])].join('\n');
}
