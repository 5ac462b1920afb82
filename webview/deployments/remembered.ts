import type { PageFilter } from './state';

/** What the page remembers of itself while it is hidden. */
export interface Remembered {
  readonly filter: PageFilter;
  /** Keys of the deployments that somebody opened or closed, against what is usual. */
  readonly opened: readonly string[];
  readonly closed: readonly string[];
}

const MOST_KEYS = 100;

/** Reads what may have been written by an older page, or by nobody. */
export function readRemembered(value: unknown): Remembered {
  const record = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const filter = typeof record['filter'] === 'object' && record['filter'] !== null ? record['filter'] : {};
  const { hostId, app } = filter as Record<string, unknown>;
  return {
    filter: {
      ...(typeof hostId === 'string' && { hostId }),
      ...(typeof app === 'string' && { app }),
    },
    opened: keys(record['opened']),
    closed: keys(record['closed']),
  };
}

function keys(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((key) => typeof key === 'string').slice(-MOST_KEYS) : [];
}

/** So many of those that run are open by themselves. */
const MOST_OPEN = 2;

/** Which deployments are open: what somebody chose, or else the first ones that run, also after they ended. */
export class OpenCards {
  private readonly chosen = new Map<string, boolean>();
  private readonly byThemselves = new Set<string>();

  constructor({ opened, closed }: Pick<Remembered, 'opened' | 'closed'>) {
    for (const key of opened) this.chosen.set(key, true);
    for (const key of closed) this.chosen.set(key, false);
  }

  /**
   * To be called with those that run, so that they stay open when they end.
   *
   * @returns whether others are open by themselves than before
   */
  saw(running: readonly string[]): boolean {
    const before = this.byThemselves.size;
    for (const key of running.slice(0, MOST_OPEN)) this.byThemselves.add(key);
    return this.byThemselves.size > before;
  }

  isOpen(key: string): boolean {
    return this.chosen.get(key) ?? this.byThemselves.has(key);
  }

  toggle(key: string): void {
    const isOpen = !this.isOpen(key);
    this.chosen.delete(key);
    this.chosen.set(key, isOpen);
  }

  remembered(): Pick<Remembered, 'opened' | 'closed'> {
    const keysThatAre = (isOpen: boolean): string[] =>
      [...this.chosen].filter(([, one]) => one === isOpen).map(([key]) => key);
    // One that is open by itself was looked at: it is still open when the page comes back.
    const opened = [...[...this.byThemselves].filter((key) => !this.chosen.has(key)), ...keysThatAre(true)];
    return { opened: opened.slice(-MOST_KEYS), closed: keysThatAre(false).slice(-MOST_KEYS) };
  }
}
