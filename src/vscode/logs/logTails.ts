import type { Clock } from '../../base/clock';
import { systemClock } from '../../base/clock';
import { Emitter } from '../../base/emitter';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { Container, ContainerId } from '../../model/container';
import { shortId } from '../../model/container';
import type { Host } from '../hosts/host';
import { LogChannel, type LogChannelTarget } from './logChannel';

export interface LogTailsOptions {
  /** Makes an output channel. */
  readonly openChannel: (name: string) => LogChannelTarget;
  /** How many of a log's newest lines a tail begins with. */
  readonly tailLines: () => number;
  /** How much a channel holds, in UTF-16 units. */
  readonly maxChannelLength: () => number;
  readonly onFailed: (container: Container, error: unknown) => void;
  readonly clock?: Clock;
}

interface Tail extends Disposable {
  readonly hostId: string;
  /** The container of the moment: another one after the first was created anew. */
  containerId: ContainerId;
}

/**
 * The containers being tailed. Each host and container name has one channel, used again for every tail of it, also when
 * the container was created anew under its name.
 */
export class LogTails implements Disposable {
  private readonly store = new DisposableStore();
  private readonly channels = new Map<string, LogChannel>();
  private readonly tails = new Map<LogChannel, Tail>();
  private readonly didChange = this.store.add(new Emitter<undefined>());
  readonly onDidChange = this.didChange.event;

  constructor(private readonly options: LogTailsOptions) {}

  /** Shows the container's channel, and begins to follow the log unless that is being done already. */
  tail(host: Host, container: Container): void {
    const channel = this.channelOf(host, container);
    channel.show();
    if (this.isTailing(host.id, container.id)) return;
    this.end(channel);
    channel.clear();
    const follow = host.engine.followLog(
      container.id,
      { tail: this.options.tailLines(), follow: true },
      {
        lines: (batch) => channel.writeLines(batch),
        marker: (marker) => {
          channel.writeMarker(marker);
          if (marker.kind === 'recreated') this.moveTo(channel, marker.containerId);
        },
        ended: (error) => {
          if (error) {
            channel.writeFailure(error);
            this.options.onFailed(container, error);
          }
          this.end(channel);
        },
      },
    );
    this.tails.set(channel, { hostId: host.id, containerId: container.id, dispose: () => follow.dispose() });
    this.didChange.fire(undefined);
  }

  /** Ends the following; the channel keeps what it shows. */
  stop(host: Host, containerId: ContainerId): void {
    for (const [channel, tail] of this.tails) {
      if (tail.hostId !== host.id || tail.containerId !== containerId) continue;
      channel.writeStopped();
      this.end(channel);
    }
  }

  isTailing(hostId: string, containerId: ContainerId): boolean {
    return [...this.tails.values()].some(
      (tail) => tail.hostId === hostId && tail.containerId === containerId,
    );
  }

  dispose(): void {
    for (const tail of this.tails.values()) tail.dispose();
    this.tails.clear();
    for (const channel of this.channels.values()) channel.dispose();
    this.channels.clear();
    this.store.dispose();
  }

  private moveTo(channel: LogChannel, containerId: ContainerId): void {
    const tail = this.tails.get(channel);
    if (!tail) return;
    tail.containerId = containerId;
    this.didChange.fire(undefined);
  }

  private end(channel: LogChannel): void {
    const tail = this.tails.get(channel);
    if (!tail) return;
    this.tails.delete(channel);
    tail.dispose();
    this.didChange.fire(undefined);
  }

  private channelOf(host: Host, container: Container): LogChannel {
    const name = `${container.name === '' ? shortId(container.id) : container.name} · ${host.name}`;
    const existing = this.channels.get(name);
    if (existing) return existing;
    const channel = new LogChannel(this.options.openChannel(name), {
      maxLength: this.options.maxChannelLength(),
      clock: this.options.clock ?? systemClock,
    });
    this.channels.set(name, channel);
    return channel;
  }
}
