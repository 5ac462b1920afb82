/** How the engine is: `idle` while nobody is connected, since then the agent lets it rest. */
export type EngineHealth = 'ready' | 'away' | 'idle';

/** What `/health` answers. Everybody may ask, so it says nothing about containers. */
export type HealthReport =
  | {
      readonly status: 'ok';
      readonly engine: EngineHealth;
      readonly uptimeSeconds: number;
      readonly connections: number;
    }
  | { readonly status: 'stopping' };

export interface HealthSources {
  readonly engine: () => EngineHealth;
  readonly connections: () => number;
  readonly nowMs: () => number;
}

const MS_PER_SECOND = 1_000;

/** How the agent is. Asking costs nothing and asks nobody. */
export class Health {
  private readonly startedAtMs: number;
  private stopping = false;

  constructor(private readonly sources: HealthSources) {
    this.startedAtMs = sources.nowMs();
  }

  get isStopping(): boolean {
    return this.stopping;
  }

  stop(): void {
    this.stopping = true;
  }

  report(): HealthReport {
    if (this.stopping) return { status: 'stopping' };
    const { engine, connections, nowMs } = this.sources;
    const uptimeSeconds = Math.max(0, Math.floor((nowMs() - this.startedAtMs) / MS_PER_SECOND));
    return { status: 'ok', engine: engine(), uptimeSeconds, connections: connections() };
  }
}
