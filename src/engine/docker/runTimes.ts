import type { ContainerId, RunTimes } from '../../model/container';
import type { EngineEvent } from './engineEvent';

const MS_PER_SECOND = 1_000;

/** Remembers of each container what the events told of its latest runs. */
export class RunTimesMemory {
  private readonly known = new Map<ContainerId, RunTimes>();
  /** Whose memory ran out in the run that is not over. */
  private readonly outOfMemory = new Set<ContainerId>();

  take({ containerId: id, action, atSeconds, attributes }: EngineEvent): void {
    if (action === 'oom') this.outOfMemory.add(id);
    if (!Number.isFinite(atSeconds)) return;
    const atMs = atSeconds * MS_PER_SECOND;
    if (action === 'start') this.known.set(id, { ...this.known.get(id), startedAtMs: atMs });
    if (action !== 'die') return;
    // Docker's word, and Podman's.
    const exitCode = Number(attributes['exitCode'] ?? attributes['containerExitCode'] ?? Number.NaN);
    const end = {
      atMs,
      ...(Number.isInteger(exitCode) && { exitCode }),
      outOfMemory: this.outOfMemory.delete(id),
    };
    this.known.set(id, { ...this.known.get(id), end });
  }

  of(id: ContainerId): RunTimes | undefined {
    return this.known.get(id);
  }

  forget(id: ContainerId): void {
    this.known.delete(id);
    this.outOfMemory.delete(id);
  }
}
