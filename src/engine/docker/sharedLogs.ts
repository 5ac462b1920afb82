import type { Clock } from '../../base/clock';
import { DisposableStore, toDisposable, type Disposable } from '../../base/lifecycle';
import type { ContainerId } from '../../model/container';
import type { LogRequest } from '../../model/log';
import { parseTimestamp, toSeconds } from '../../model/logTime';
import type { SessionSource } from './followSession';
import { LogFollower } from './logFollower';
import type { LogReader } from './logReader';
import { RingMemory } from './ringMemory';
import { SharedLog } from './sharedLog';

/**
 * All logs being read from one engine. However many follow a container's log, the engine is asked to follow it once; a
 * log that is read to its end, or only from a later time on, is read for each reader.
 */
export class SharedLogs implements Disposable {
  private readonly store = new DisposableStore();
  private readonly memory = new RingMemory();
  /** By the container that is being read at the moment. */
  private readonly logs = new Map<ContainerId, SharedLog>();

  constructor(
    private readonly sessions: SessionSource,
    private readonly clock: Clock,
  ) {}

  read(id: ContainerId, request: LogRequest, reader: LogReader): Disposable {
    if (request.follow && !this.beginsLater(request))
      return this.follow(request.resumeAt?.cursor.containerId ?? id, request, reader);
    const follower = this.store.add(new LogFollower(id, request, reader, this.sessions, this.clock));
    return toDisposable(() => this.store.delete(follower));
  }

  /** Whoever wants only what will be written after some time has no use for what others read until then. */
  private beginsLater({ since, resumeAt }: LogRequest): boolean {
    const timestamp = since === undefined || resumeAt ? undefined : parseTimestamp(since);
    return timestamp !== undefined && toSeconds(timestamp) * 1_000 > this.clock.nowMs();
  }

  dispose(): void {
    this.store.dispose();
    this.logs.clear();
  }

  private follow(id: ContainerId, request: LogRequest, reader: LogReader): Disposable {
    const existing = this.logs.get(id);
    if (existing) return existing.join(request, reader);
    const log: SharedLog = new SharedLog(id, this.sessions, this.clock, {
      moved: (from, to) => this.move(log, from, to),
      ringLength: (held, isCaughtUpWith) => this.memory.lengthFor(held, this.logs.size, isCaughtUpWith),
      ringChanged: (by) => this.memory.changed(by),
      over: (last) => {
        if (this.logs.get(last) === log) this.logs.delete(last);
        this.store.delete(log);
      },
    });
    this.store.add(log);
    this.logs.set(id, log);
    return log.begin(request, reader);
  }

  /** A container that was created anew is found by its new id, unless that is being followed by itself already. */
  private move(log: SharedLog, from: ContainerId, to: ContainerId): void {
    if (this.logs.get(from) === log) this.logs.delete(from);
    if (!this.logs.has(to)) this.logs.set(to, log);
  }
}
