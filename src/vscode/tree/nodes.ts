import type { ContainerId } from '../../model/container';
import type { Host } from '../hosts/host';

/** What the tree hands out. A node is made once per id and keeps its identity; what it shows is looked up. */
export type Node = HostNode | MessageNode | ProjectNode | ContainerNode | MoreNode;

export interface HostNode {
  readonly kind: 'host';
  readonly id: string;
  readonly host: Host;
}

/** Says what is wrong with a host, or offers what helps. */
export interface MessageNode {
  readonly kind: 'message';
  readonly id: string;
  readonly host: Host;
  readonly part: string;
}

export interface ProjectNode {
  readonly kind: 'project';
  readonly id: string;
  readonly host: Host;
  readonly project: string;
}

export interface ContainerNode {
  readonly kind: 'container';
  readonly id: string;
  readonly host: Host;
  readonly containerId: ContainerId;
}

/** Ends a level that is too long to show at once. */
export interface MoreNode {
  readonly kind: 'more';
  readonly id: string;
  readonly host: Host;
  readonly project: string | undefined;
}

/** A level of the tree below a host: a project's members, or what stands directly under the host. */
export type ParentNode = HostNode | ProjectNode;

export function hostNodeId(host: Host): string {
  return host.id;
}

export function messageNodeId(host: Host, part: string): string {
  return `${host.id}/message/${part}`;
}

export function projectNodeId(host: Host, project: string): string {
  return `${host.id}/project/${project}`;
}

export function containerNodeId(host: Host, id: ContainerId): string {
  return `${host.id}/container/${id}`;
}

export function moreNodeId(host: Host, project: string | undefined): string {
  return project === undefined ? `${host.id}/more` : `${host.id}/more/${project}`;
}

/** Commands get what VS Code passes on; only what the tree handed out counts as a node. */
export function isNode(value: unknown): value is Node {
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('host' in value)) return false;
  return ['host', 'message', 'project', 'container', 'more'].includes(String(value.kind));
}
