import type { ContainerId } from '../../../src/model/container';
import type { FaultProxy } from '../proxy/faultProxy';
import type { ContainerEngine } from '../../../src/engine/engine';
import { containerOfLog } from './logConnections';

/** How long a reader is without a log, in milliseconds. */
export interface ResumeTimes {
  /** After the log alone broke off. */
  readonly resumeP50Ms: number;
  readonly resumeP99Ms: number;
  /** After the whole connection was lost, which is tried again with growing delay. */
  readonly reconnectP50Ms: number;
  readonly reconnectP99Ms: number;
  /** After the agent was killed, from its next connection on; only behind an agent. */
  readonly agentRestartP99Ms?: number;
}

/** What knows which logs are without their reader, and for how long they were. */
export interface Resumes {
  isResumed(id: ContainerId): boolean;
  /** What is not resumed now is not measured: the container or the engine goes down. */
  forget(id: ContainerId): void;
  readonly times: ResumeTimes;
}

interface Pending {
  readonly cutAtMs: number;
  isWholeConnection: boolean;
}

/**
 * Measures how long a reader is without a log: from the cut of the connection until the answer to its next request for
 * the same log begins to arrive. What a reader asks for on resuming begins with what it knows, so the answer does not
 * depend on when the container writes next.
 */
export class ResumeMeter implements Resumes {
  private readonly resumesMs: number[] = [];
  private readonly reconnectsMs: number[] = [];
  private readonly pending = new Map<ContainerId, Pending>();

  /** @param isUp whether there is something to resume: the log of a stopped container has ended */
  constructor(proxy: FaultProxy, reader: ContainerEngine, isUp: (id: ContainerId) => boolean) {
    proxy.onDidCut((connection) => {
      const id = containerOfLog(connection);
      if (id === undefined || !connection.isAnswered || !isUp(id) || this.pending.has(id)) return;
      const isWholeConnection = reader.connection.kind !== 'ready';
      this.pending.set(id, { cutAtMs: performance.now(), isWholeConnection });
    });
    reader.onDidChangeConnection(({ kind }) => {
      if (kind !== 'ready') for (const pending of this.pending.values()) pending.isWholeConnection = true;
    });
    proxy.onDidAnswer((connection) => {
      const id = containerOfLog(connection);
      const pending = id === undefined ? undefined : this.pending.get(id);
      if (id === undefined || !pending) return;
      this.pending.delete(id);
      const times = pending.isWholeConnection ? this.reconnectsMs : this.resumesMs;
      times.push(performance.now() - pending.cutAtMs);
    });
  }

  isResumed(id: ContainerId): boolean {
    return !this.pending.has(id);
  }

  forget(id: ContainerId): void {
    this.pending.delete(id);
  }

  get times(): ResumeTimes {
    return {
      resumeP50Ms: percentile(this.resumesMs, 0.5),
      resumeP99Ms: percentile(this.resumesMs, 0.99),
      reconnectP50Ms: percentile(this.reconnectsMs, 0.5),
      reconnectP99Ms: percentile(this.reconnectsMs, 0.99),
    };
  }
}

/** 0 where nothing was measured. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const index = Math.min(sorted.length - 1, Math.floor(sorted.length * share));
  return Math.round((sorted[index] ?? 0) * 10) / 10;
}
