import type { ContainerEngine } from '../../../src/engine/engine';
import type { ContainerId } from '../../../src/model/container';
import type { LogSink } from '../../../src/model/log';
import { percentile, type Resumes, type ResumeTimes } from '../faults/resumeMeter';
import type { FaultProxy } from '../proxy/faultProxy';

interface Pending {
  readonly cutAtMs: number;
  /** When the connection of the moment was taken: since then there is a network again. */
  openedAtMs: number | undefined;
  /** The session is gone, and the agent has to begin with its engine. */
  isAgentNew: boolean;
}

/**
 * Measures how long a reader behind an agent is without a log. `resume` is what the two ends need once the network is
 * back: from the moment the proxy takes the connection until the first line or marker of that log is delivered again,
 * with TCP, TLS, handshake, and all that was missed on its way. `reconnect` is the same from the cut on, so with the time
 * until the reader tries. After a kill of the agent, which has lost the session and its connection to the engine, the
 * same is counted by itself.
 */
export class AgentResumeMeter implements Resumes {
  private readonly resumesMs: number[] = [];
  private readonly reconnectsMs: number[] = [];
  private readonly afterRestartMs: number[] = [];
  private readonly pending = new Map<ContainerId, Pending>();

  /** @param upIds the logs that have something to resume */
  constructor(
    proxy: FaultProxy,
    private readonly reader: ContainerEngine,
    private readonly upIds: () => readonly ContainerId[],
  ) {
    proxy.onDidCut(() => this.lost());
    proxy.onDidOpen(() => {
      const openedAtMs = performance.now();
      for (const pending of this.pending.values()) pending.openedAtMs = openedAtMs;
    });
  }

  /** The agent is killed. */
  agentEnds(): void {
    this.lost();
    for (const pending of this.pending.values()) pending.isAgentNew = true;
  }

  /** Sees what the reader delivers. */
  watching(id: ContainerId, sink: LogSink): LogSink {
    return {
      lines: (batch) => {
        this.delivered(id);
        return sink.lines(batch);
      },
      marker: (marker) => {
        // That it is lost is told while it is.
        if (marker.kind !== 'connectionLost') this.delivered(id);
        sink.marker(marker);
      },
      ended: (error) => sink.ended(error),
    };
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
      agentRestartP99Ms: percentile(this.afterRestartMs, 0.99),
    };
  }

  private lost(): void {
    const cutAtMs = performance.now();
    for (const id of this.upIds()) {
      const pending = this.pending.get(id);
      if (pending) pending.openedAtMs = undefined;
      else this.pending.set(id, { cutAtMs, openedAtMs: undefined, isAgentNew: false });
    }
  }

  private delivered(id: ContainerId): void {
    const pending = this.pending.get(id);
    if (pending?.openedAtMs === undefined || this.reader.connection.kind === 'waiting') return;
    this.pending.delete(id);
    const resumes = pending.isAgentNew ? this.afterRestartMs : this.resumesMs;
    resumes.push(performance.now() - pending.openedAtMs);
    this.reconnectsMs.push(performance.now() - pending.cutAtMs);
  }
}
