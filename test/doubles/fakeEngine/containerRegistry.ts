import type { FakeContainer } from './container';
import { EngineFault } from './engineFault';
import type { Personality } from './personalities';

/** All containers by id, name and unique prefix, and in the order in which the engine lists them. */
export class ContainerRegistry {
  /** Counts containers that came, went or changed. */
  revision = 0;
  private readonly byId = new Map<string, FakeContainer>();
  private readonly byName = new Map<string, FakeContainer>();
  private sorted: FakeContainer[] | undefined;

  constructor(private readonly personality: Personality) {}

  get size(): number {
    return this.byId.size;
  }

  /** Newest first. */
  newestFirst(): readonly FakeContainer[] {
    this.sorted ??= [...this.byId.values()].sort(byCreatedDescending);
    return this.sorted;
  }

  add(container: FakeContainer): void {
    this.assertNameIsFree(container.name);
    this.byId.set(container.id, container);
    this.byName.set(container.name, container);
    this.sorted = undefined;
    this.revision++;
  }

  remove(container: FakeContainer): void {
    this.byId.delete(container.id);
    this.byName.delete(container.name);
    this.sorted = undefined;
    this.revision++;
  }

  rename(container: FakeContainer, name: string): void {
    this.byName.delete(container.name);
    container.name = name;
    this.byName.set(name, container);
    this.changed(container);
  }

  changed(container: FakeContainer): void {
    container.changed();
    this.revision++;
  }

  /** The container with exactly this id, if it is still there. */
  withId(id: string): FakeContainer | undefined {
    return this.byId.get(id);
  }

  nameHolder(name: string): FakeContainer | undefined {
    return this.byName.get(name);
  }

  assertNameIsFree(name: string): void {
    const holder = this.byName.get(name);
    if (holder === undefined) return;
    throw new EngineFault(
      409,
      `Conflict. The container name "/${name}" is already in use by container "${holder.id}". ` +
        'You have to remove (or rename) that container to be able to reuse that name.',
    );
  }

  /** Finds by full id, then by name, then by unique prefix of the id, as the engine does. */
  get(reference: string): FakeContainer {
    const name = reference.startsWith('/') ? reference.slice(1) : reference;
    const exact = this.byId.get(reference) ?? this.byName.get(name);
    return exact ?? this.byPrefix(reference);
  }

  private byPrefix(prefix: string): FakeContainer {
    const matches: FakeContainer[] = [];
    for (const container of this.byId.values()) {
      if (container.id.startsWith(prefix)) matches.push(container);
    }
    const [only] = matches;
    if (only === undefined) throw this.notFound(prefix);
    if (matches.length === 1) return only;
    const text = this.personality.modernMessages ? 'multiple IDs' : 'Multiple IDs';
    throw new EngineFault(
      this.personality.ambiguousPrefixStatus,
      `${text} found with provided prefix: ${prefix}`,
    );
  }

  private notFound(reference: string): EngineFault {
    if (this.personality.isPodman) {
      return new EngineFault(404, `no container with name or ID "${reference}" found: no such container`);
    }
    return new EngineFault(404, `No such container: ${reference}`);
  }
}

function byCreatedDescending(left: FakeContainer, right: FakeContainer): number {
  if (left.createdNs === right.createdNs) return 0;
  return left.createdNs < right.createdNs ? 1 : -1;
}
