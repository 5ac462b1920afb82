import { isActive, type Container, type ContainerId } from './container';
import type { ContainerPredicate } from './containerFilter';
import { compareInProject, compareSingles, compareText, SortedContainers } from './groupingOrder';

/** What a set of containers adds up to. */
export interface Aggregate {
  readonly total: number;
  readonly running: number;
  readonly active: number;
  readonly unhealthy: number;
}

/** Where a change of order or membership began, per level; a level is a project's name, or `undefined` for the singles. */
export type Level = string | undefined;

/** What changed on screen, so that as little as possible is drawn anew. */
export interface GroupingDelta {
  /** Containers that look different and stand where they stood. */
  readonly changed: ReadonlySet<ContainerId>;
  /** Containers that are gone. */
  readonly removed: ReadonlySet<ContainerId>;
  /** Levels whose rows came, went or moved, each with the first such position. */
  readonly moved: ReadonlyMap<Level, number>;
  /** Projects whose aggregate changed. */
  readonly aggregates: ReadonlySet<string>;
  /** Projects came or went. */
  readonly projects: boolean;
}

/** The containers of one level: all of them, and the shown ones in order. */
class Group {
  readonly all = new Map<ContainerId, Container>();
  readonly shown: SortedContainers;
  running = 0;
  active = 0;
  unhealthy = 0;

  constructor(readonly level: Level) {
    this.shown = new SortedContainers(level === undefined ? compareSingles : compareInProject);
  }

  count(container: Container, by: 1 | -1): void {
    if (container.state === 'running') this.running += by;
    if (isActive(container)) this.active += by;
    if (isUnhealthy(container)) this.unhealthy += by;
  }

  get aggregate(): Aggregate {
    return { total: this.all.size, running: this.running, active: this.active, unhealthy: this.unhealthy };
  }
}

/** Docker keeps the last health of a container that stopped; only one that runs can be ill. */
function isUnhealthy(container: Container): boolean {
  return container.health === 'unhealthy' && isActive(container);
}

class DeltaBuilder {
  readonly changed = new Set<ContainerId>();
  readonly removed = new Set<ContainerId>();
  readonly moved = new Map<Level, number>();
  readonly aggregates = new Set<string>();
  projects = false;

  move(level: Level, index: number | undefined): void {
    if (index === undefined) return;
    this.moved.set(level, Math.min(index, this.moved.get(level) ?? index));
  }
}

/**
 * A host's containers as the tree shows them: Compose projects and single containers, filtered, in order, with
 * aggregates. One change costs a search in its level, not a new sort.
 */
export class ContainerGroups {
  private readonly singles = new Group(undefined);
  private projects = new Map<string, Group>();
  private shownProjectNames: string[] | undefined;
  private levels = new Map<ContainerId, Group>();

  constructor(private isShown: ContainerPredicate) {}

  get(id: ContainerId): Container | undefined {
    return this.levels.get(id)?.all.get(id);
  }

  /** The project a container belongs to; `undefined` for singles and unknown ones. */
  projectOf(id: ContainerId): string | undefined {
    return this.levels.get(id)?.level;
  }

  /** Names of the projects that have anything to show, in order. */
  get projectNames(): readonly string[] {
    this.shownProjectNames ??= [...this.projects.entries()]
      .filter(([, group]) => group.shown.length > 0)
      .map(([name]) => name)
      .sort(compareText);
    return this.shownProjectNames;
  }

  aggregateOf(project: string): Aggregate | undefined {
    return this.projects.get(project)?.aggregate;
  }

  /** All of the host's containers, filtered or not. */
  get total(): Aggregate {
    const groups = this.groups().map((group) => group.aggregate);
    const sum = (pick: (aggregate: Aggregate) => number): number =>
      groups.reduce((total, aggregate) => total + pick(aggregate), 0);
    return {
      total: sum(({ total }) => total),
      running: sum(({ running }) => running),
      active: sum(({ active }) => active),
      unhealthy: sum(({ unhealthy }) => unhealthy),
    };
  }

  get shownCount(): number {
    return this.groups().reduce((total, group) => total + group.shown.length, 0);
  }

  shownLength(level: Level): number {
    return this.groupOf(level)?.shown.length ?? 0;
  }

  shown(level: Level, start: number, end: number): Container[] {
    return this.groupOf(level)?.shown.slice(start, end) ?? [];
  }

  /** All members of a project, shown or not. */
  members(project: string): Container[] {
    return [...(this.projects.get(project)?.all.values() ?? [])].sort(compareInProject);
  }

  setFilter(isShown: ContainerPredicate): void {
    this.isShown = isShown;
    this.shownProjectNames = undefined;
    for (const group of this.groups()) group.shown.reset([...group.all.values()].filter(isShown));
  }

  /** Replaces everything. */
  replaceAll(containers: Iterable<Container>): void {
    this.projects = new Map();
    this.levels = new Map();
    this.singles.all.clear();
    this.singles.running = this.singles.active = this.singles.unhealthy = 0;
    for (const container of containers) {
      const group = this.groupFor(container);
      group.all.set(container.id, container);
      group.count(container, 1);
      this.levels.set(container.id, group);
    }
    this.setFilter(this.isShown);
  }

  apply(updated: readonly Container[], removed: readonly ContainerId[]): GroupingDelta {
    const delta = new DeltaBuilder();
    for (const id of removed) this.removeOne(id, delta);
    for (const container of updated) this.updateOne(container, delta);
    if (delta.projects) this.shownProjectNames = undefined;
    return delta;
  }

  private updateOne(container: Container, delta: DeltaBuilder): void {
    const old = this.get(container.id);
    if (old === container) return;
    const group = this.groupFor(container);
    if (old !== undefined && this.levels.get(container.id) !== group) this.removeOne(container.id, delta);
    const before = group.all.get(container.id);
    const wasShown = this.withShownProjects(group, delta, () => this.place(group, before, container, delta));
    if (wasShown === 'kept') delta.changed.add(container.id);
  }

  /** Puts a container in its group; `kept` if it is shown where it was shown before. */
  private place(
    group: Group,
    before: Container | undefined,
    container: Container,
    delta: DeltaBuilder,
  ): 'kept' | 'moved' {
    const removedAt = before === undefined ? undefined : group.shown.remove(before);
    const insertedAt = this.isShown(container) ? group.shown.insert(container) : undefined;
    if (before !== undefined) group.count(before, -1);
    group.count(container, 1);
    group.all.set(container.id, container);
    this.levels.set(container.id, group);
    if (removedAt === insertedAt) return 'kept';
    delta.move(group.level, removedAt);
    delta.move(group.level, insertedAt);
    return 'moved';
  }

  private removeOne(id: ContainerId, delta: DeltaBuilder): void {
    const group = this.levels.get(id);
    const container = group?.all.get(id);
    if (group === undefined || container === undefined) return;
    this.withShownProjects(group, delta, () => {
      group.all.delete(id);
      group.count(container, -1);
      delta.move(group.level, group.shown.remove(container));
      this.levels.delete(id);
      if (group.level !== undefined && group.all.size === 0) this.projects.delete(group.level);
    });
    delta.removed.add(id);
  }

  /** Runs a change of a group, and notes whether its project's aggregate or place among the shown ones changed. */
  private withShownProjects<T>(group: Group, delta: DeltaBuilder, change: () => T): T {
    const before = group.aggregate;
    const wasShown = group.shown.length > 0;
    const result = change();
    if (group.level === undefined) return result;
    if (wasShown !== group.shown.length > 0) delta.projects = true;
    if (!sameAggregate(before, group.aggregate)) delta.aggregates.add(group.level);
    return result;
  }

  private groupFor(container: Container): Group {
    const name = container.compose?.project;
    if (name === undefined) return this.singles;
    const known = this.projects.get(name);
    if (known !== undefined) return known;
    const group = new Group(name);
    this.projects.set(name, group);
    return group;
  }

  private groupOf(level: Level): Group | undefined {
    return level === undefined ? this.singles : this.projects.get(level);
  }

  private groups(): Group[] {
    return [this.singles, ...this.projects.values()];
  }
}

function sameAggregate(left: Aggregate, right: Aggregate): boolean {
  return (
    left.total === right.total &&
    left.running === right.running &&
    left.active === right.active &&
    left.unhealthy === right.unhealthy
  );
}
