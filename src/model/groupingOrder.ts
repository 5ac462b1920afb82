import { isActive, type Container } from './container';

export type ContainerOrder = (left: Container, right: Container) => number;

/** By code units: the same everywhere, and quick enough for tens of thousands. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Single containers: those with a process first, then by name. */
export const compareSingles: ContainerOrder = (left, right) =>
  Number(isActive(right)) - Number(isActive(left)) ||
  compareText(left.name, right.name) ||
  compareText(left.id, right.id);

/** Containers of a Compose project: by service and replica, whatever their state, so that a restart moves nothing. */
export const compareInProject: ContainerOrder = (left, right) =>
  compareText(left.compose?.service ?? '', right.compose?.service ?? '') ||
  (left.compose?.replica ?? 0) - (right.compose?.replica ?? 0) ||
  compareText(left.name, right.name) ||
  compareText(left.id, right.id);

/** Containers kept in order; inserting and taking out cost a search and one move of memory. */
export class SortedContainers {
  private items: Container[] = [];

  constructor(private readonly compare: ContainerOrder) {}

  get length(): number {
    return this.items.length;
  }

  slice(start: number, end: number): Container[] {
    return this.items.slice(start, end);
  }

  reset(containers: readonly Container[]): void {
    this.items = [...containers].sort(this.compare);
  }

  /** Returns where it now stands. */
  insert(container: Container): number {
    const at = this.indexFor(container);
    this.items.splice(at, 0, container);
    return at;
  }

  /** Returns where it stood, or `undefined` if it was not there. */
  remove(container: Container): number | undefined {
    const at = this.indexFor(container);
    if (this.items[at]?.id !== container.id) return undefined;
    this.items.splice(at, 1);
    return at;
  }

  /** The first place whose container does not come before the given one. */
  private indexFor(container: Container): number {
    let low = 0;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const item = this.items[middle];
      if (item !== undefined && this.compare(item, container) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
