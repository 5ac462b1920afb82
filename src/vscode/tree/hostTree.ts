import type { Container, ContainerId } from '../../model/container';
import type { ContainerPredicate } from '../../model/containerFilter';
import { ContainerGroups, type GroupingDelta, type Level } from '../../model/grouping';
import type { Host } from '../hosts/host';
import {
  containerNodeId,
  hostNodeId,
  messageNodeId,
  moreNodeId,
  projectNodeId,
  type ContainerNode,
  type HostNode,
  type MessageNode,
  type MoreNode,
  type Node,
  type ParentNode,
  type ProjectNode,
} from './nodes';

/** How many rows of a level are shown before a node offers more. */
export const PAGE_SIZE = 500;

/**
 * How many rows of projects are open before anybody opens one: VS Code fetches every open row at once, and with
 * thousands of them nothing is seen for seconds.
 */
export const MOST_ROWS_OPEN_AT_FIRST = 200;

/** One host's part of the tree: its rows page by page, its nodes, and which of them a change touches. */
export class HostTree {
  readonly node: HostNode;
  readonly groups: ContainerGroups;
  private readonly messageNodes = new Map<string, MessageNode>();
  private readonly projectNodes = new Map<string, ProjectNode>();
  private readonly containerNodes = new Map<ContainerId, ContainerNode>();
  /** Exactly the levels whose last rows ended with a node that offers more. */
  private readonly moreNodes = new Map<Level, MoreNode>();
  private readonly limits = new Map<Level, number>();
  /** Whether a project was open when it was first shown; from then on VS Code remembers what the person wants. */
  private openAtFirst = new Map<string, boolean>();

  constructor(
    readonly host: Host,
    isShown: ContainerPredicate,
  ) {
    this.node = { kind: 'host', id: hostNodeId(host), host };
    this.groups = new ContainerGroups(isShown);
    this.groups.replaceAll(host.engine.containers?.values() ?? []);
  }

  /** Containers that were handed out as rows, and may be on screen. */
  get shownContainers(): Iterable<ContainerNode> {
    return this.containerNodes.values();
  }

  children(parent: ParentNode): Node[] {
    const level = levelOf(parent);
    const projects = level === undefined ? this.groups.projectNames : [];
    const limit = this.limitOf(level);
    if (level === undefined) this.decideOpen(projects);
    const shownProjects = projects.slice(0, limit).map((name) => this.projectNode(name));
    const containers = this.groups.shown(level, 0, limit - shownProjects.length);
    const rows: Node[] = [...shownProjects, ...containers.map(({ id }) => this.containerNode(id))];
    this.moreNodes.delete(level);
    if (this.rowCount(level) > rows.length) rows.push(this.moreNode(level));
    return rows;
  }

  isOpenAtFirst(project: string): boolean {
    return this.openAtFirst.get(project) ?? false;
  }

  parentOf(node: Node): Node | undefined {
    switch (node.kind) {
      case 'host':
        return undefined;
      case 'project':
      case 'message':
        return this.node;
      case 'more':
        return this.parentAt(node.project);
      default:
        return this.parentAt(this.groups.projectOf(node.containerId));
    }
  }

  /** How many rows of a level are not shown yet. */
  hiddenRows(level: Level): number {
    return Math.max(0, this.rowCount(level) - this.limitOf(level));
  }

  /** Returns the node whose children are more now. */
  showMore(level: Level): Node {
    this.limits.set(level, this.limitOf(level) + PAGE_SIZE);
    return this.parentAt(level);
  }

  setFilter(isShown: ContainerPredicate): void {
    this.groups.setFilter(isShown);
    this.limits.clear();
  }

  replaceAll(containers: Iterable<Container>): void {
    this.groups.replaceAll(containers);
    for (const id of this.containerNodes.keys()) {
      if (this.groups.get(id) === undefined) this.containerNodes.delete(id);
    }
  }

  /** Takes a change over, and returns the nodes to draw anew. */
  apply(updated: readonly Container[], removed: readonly ContainerId[]): Node[] {
    const delta = this.groups.apply(updated, removed);
    const nodes = this.touchedNodes(delta);
    for (const id of delta.removed) this.containerNodes.delete(id);
    return nodes;
  }

  private touchedNodes(delta: GroupingDelta): Node[] {
    const nodes = new Set<Node>();
    if (delta.projects) nodes.add(this.node);
    for (const [level, index] of delta.moved) nodes.add(this.movedNode(level, index));
    if (nodes.has(this.node)) return [this.node];
    for (const project of delta.aggregates) addIfThere(nodes, this.projectNodes.get(project));
    for (const id of delta.changed) addIfThere(nodes, this.containerNodes.get(id));
    return [...nodes];
  }

  /** A change beyond the shown rows concerns only the node that counts them. */
  private movedNode(level: Level, index: number): Node {
    const offset = level === undefined ? this.groups.projectNames.length : 0;
    const more = this.moreNodes.get(level);
    return more !== undefined && offset + index >= this.limitOf(level) && this.hiddenRows(level) > 0
      ? more
      : this.parentAt(level);
  }

  private decideOpen(projects: readonly string[]): void {
    const decided = new Map<string, boolean>();
    let openRows = 0;
    for (const project of projects) {
      const rows = this.groups.shownLength(project);
      const isOpen = this.openAtFirst.get(project) ?? openRows + rows <= MOST_ROWS_OPEN_AT_FIRST;
      if (isOpen) openRows += rows;
      decided.set(project, isOpen);
    }
    this.openAtFirst = decided;
  }

  private rowCount(level: Level): number {
    const projects = level === undefined ? this.groups.projectNames.length : 0;
    return projects + this.groups.shownLength(level);
  }

  private limitOf(level: Level): number {
    return this.limits.get(level) ?? PAGE_SIZE;
  }

  private parentAt(level: Level): ParentNode {
    return level === undefined ? this.node : this.projectNode(level);
  }

  /** The rows before all others of the host. */
  messages(parts: readonly string[]): MessageNode[] {
    const { host } = this;
    const make = (part: string): MessageNode => ({
      kind: 'message',
      id: messageNodeId(host, part),
      host,
      part,
    });
    return parts.map((part) => fetch(this.messageNodes, part, () => make(part)));
  }

  private projectNode(project: string): ProjectNode {
    const { host } = this;
    return fetch(this.projectNodes, project, () => ({
      kind: 'project',
      id: projectNodeId(host, project),
      host,
      project,
    }));
  }

  private containerNode(id: ContainerId): ContainerNode {
    const { host } = this;
    return fetch(this.containerNodes, id, () => ({
      kind: 'container',
      id: containerNodeId(host, id),
      host,
      containerId: id,
    }));
  }

  private moreNode(level: Level): MoreNode {
    const { host } = this;
    return fetch(this.moreNodes, level, () => ({
      kind: 'more',
      id: moreNodeId(host, level),
      host,
      project: level,
    }));
  }
}

function levelOf(parent: ParentNode): Level {
  return parent.kind === 'project' ? parent.project : undefined;
}

function fetch<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function addIfThere(nodes: Set<Node>, node: Node | undefined): void {
  if (node !== undefined) nodes.add(node);
}
