import * as vscode from 'vscode';
import type { Container, ContainerId } from '../../model/container';
import { isOneOff } from '../../model/containerIdentity';
import { oneLine } from '../../model/format';
import { MergedLabels } from '../../model/mergedLabels';
import type { Target } from '../commands/targets';
import type { Host } from '../hosts/host';

/** A Compose project of a host, tailed with whatever containers it gets. */
export interface TailedProject {
  readonly host: Host;
  readonly project: string;
}

/** Containers to be tailed together. */
export interface TailSet {
  /** Those of the projects among them. */
  readonly targets: readonly Target[];
  readonly projects: readonly TailedProject[];
}

/** So many are named; the rest is counted. */
const MOST_NAMES = 3;

/** What stays of a container when it is created anew; unlike its id, and unlike its name while Compose replaces it. */
export function memberKey(hostId: string, container: Container): string {
  const { compose } = container;
  const isService = compose !== undefined && !isOneOff(container);
  const identity = isService
    ? ['service', compose.project, compose.service, compose.replica]
    : ['name', container.name];
  return JSON.stringify([hostId, ...identity]);
}

/** Equal for the same choice, whatever its order and whichever containers its projects have at the moment. */
export function setKey(set: TailSet): string {
  const projects = set.projects.map(({ host, project }) => JSON.stringify([host.id, 'project', project]));
  const single = singlesOf(set).map(({ host, container }) => memberKey(host.id, container));
  return [...new Set([...projects, ...single])].sort().join('\n');
}

/** `shop (project) · Local`, `api-1, db-1, web-1 and 2 more · Local, prod`. */
export function setName(set: TailSet): string {
  const hosts = [...new Set([...set.targets, ...set.projects].map(({ host }) => host.name))];
  const projects = set.projects.map(({ project }) => vscode.l10n.t('{0} (project)', oneLine(project, 80)));
  const singles = singlesOf(set).map(({ host, container }) => ({ hostName: host.name, container }));
  const names = [...projects, ...new MergedLabels(false).assign(singles)];
  const named = names.slice(0, MOST_NAMES).join(', ');
  const rest = names.length - MOST_NAMES;
  const all = rest > 0 ? vscode.l10n.t('{0} and {1} more', named, rest) : named;
  return `${all} · ${hosts.join(', ')}`;
}

/** Whether the set has this container, now or as a later one of a project. */
export function isOfProject(container: Container, { project }: TailedProject): boolean {
  return container.compose?.project === project;
}

function singlesOf({ targets, projects }: TailSet): Target[] {
  return targets.filter(
    ({ host, container }) =>
      !projects.some((project) => project.host === host && isOfProject(container, project)),
  );
}

/** A container tailed with others. */
export interface TailedMember {
  readonly host: Host;
  /** The container of the moment. */
  readonly containerId: ContainerId;
  readonly label: string;
}
