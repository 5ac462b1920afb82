import type { EngineCore } from './core';
import type { Lifecycle } from './lifecycle';

const TICK_MS = 10;

export interface EventRain {
  /** How many events were emitted so far. */
  readonly emitted: number;
  stop(): void;
}

/** `exec`: what health checks cause, changing nothing. `pause`: pauses and unpauses containers in turn. */
export type RainKind = 'exec' | 'pause';

/** Emits events of the running containers at a steady rate until it is stopped. */
export function startEventRain(
  core: EngineCore,
  lifecycle: Lifecycle,
  perSecond: number,
  kind: RainKind,
): EventRain {
  const startedMs = performance.now();
  const rain = { emitted: 0, stop: () => clearInterval(timer) };
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedMs) / 1000) * perSecond);
    while (rain.emitted < due) emitOne(core, lifecycle, kind, rain.emitted++);
  }, TICK_MS);
  return rain;
}

function emitOne(core: EngineCore, lifecycle: Lifecycle, kind: RainKind, index: number): void {
  const running = core.containers.newestFirst().filter((container) => container.isRunning);
  const container = running[index % running.length];
  if (container === undefined) return;
  if (kind === 'exec') {
    const action = ['exec_create: /bin/check', 'exec_start: /bin/check', 'exec_die'][index % 3] ?? 'exec_die';
    lifecycle.emit(container, action, { execID: core.random.hexId() });
  } else if (container.isPaused) {
    lifecycle.unpause(container);
  } else {
    lifecycle.pause(container);
  }
}
