import type { Clock } from '../../base/clock';
import { systemClock } from '../../base/clock';
import { Emitter } from '../../base/emitter';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { systemTurns, type Turns } from '../../base/turns';
import type { Container, ContainerId } from '../../model/container';
import { shortId } from '../../model/container';
import type { LogMarker, LogRequest } from '../../model/log';
import type { LogFilter } from '../../model/logFilter';
import type { Host } from '../hosts/host';
import { LogChannel, type LogChannelTarget } from './logChannel';
import type { JsonStyle } from './logText';

/** A filter lets few lines pass: a tail that is not said to begin elsewhere looks through so many of the newest. */
export const FILTERED_TAIL_LINES = 10_000;

export interface LogTailsOptions {
  /** Makes an output channel. */
  readonly openChannel: (name: string) => LogChannelTarget;
  /** How many of a log's newest lines a tail begins with. */
  readonly tailLines: () => number;
  /** Whether a tail shows the time of each line. */
  readonly hasTimestamps: () => boolean;
  /** How lines that are JSON show; as they are, unless it says otherwise. */
  readonly jsonStyle?: () => JsonStyle;
  /** The filter that is saved for a container. */
  readonly filterFor?: (host: Host, container: Container) => LogFilter | undefined;
  /** How much a channel holds, in UTF-16 units. */
  readonly maxChannelLength: () => number;
  readonly onFailed: (container: Container, error: unknown) => void;
  readonly clock?: Clock;
  readonly turns?: Turns;
}

/** How somebody wants a tail to be; what is left out is as the settings say. */
export interface TailChoice {
  readonly from: Pick<LogRequest, 'tail' | 'since'>;
  readonly hasTimestamps: boolean;
  /** Leaves the saved filter out, this time. */
  readonly isUnfiltered?: boolean;
}

/** A container being tailed, which need not exist any more. */
export interface TailedContainer {
  readonly host: Host;
  /** The container of the moment: another one after the first was created anew. */
  readonly containerId: ContainerId;
  /** As it was called when the tail began; the channel bears this name. */
  readonly name: string;
  /** It was removed, and nothing has taken its place yet. */
  readonly isGone: boolean;
  /** What of the log is shown, if not all. */
  readonly filter: LogFilter | undefined;
}

interface Tail extends TailedContainer, Disposable {
  containerId: ContainerId;
  isGone: boolean;
  readonly choice: TailChoice | undefined;
}

/**
 * The containers being tailed. Each host and container name has one channel, used again for every tail of it, also when
 * the container was created anew under its name. A tail stays with the channel it began with, also when its container
 * is renamed.
 */
export class LogTails implements Disposable {
  private readonly store = new DisposableStore();
  private readonly channels = new Map<string, LogChannel>();
  private readonly tails = new Map<LogChannel, Tail>();
  private readonly didChange = this.store.add(new Emitter<undefined>());
  readonly onDidChange = this.didChange.event;

  constructor(private readonly options: LogTailsOptions) {}

  /** The tails under way, in the order they began. */
  get tailed(): readonly TailedContainer[] {
    return [...this.tails.values()];
  }

  /**
   * Shows the container's channel and follows the log. One that is tailed already goes on undisturbed, unless `choice`
   * says how it is wanted: then it begins anew.
   */
  tail(host: Host, container: Container, choice?: TailChoice): void {
    const current = this.channelTailing(host.id, container.id);
    const channel = current ?? this.channelOf(host, container);
    channel.show();
    if (current && !choice) return;
    this.end(channel);
    this.begin(channel, host, container, choice);
  }

  /** Shows the container's log through the filter that is saved now: a tail under way begins anew, as it was chosen. */
  applyFilter(host: Host, container: Container): void {
    const channel = this.channelTailing(host.id, container.id) ?? this.channelOf(host, container);
    const before = this.tails.get(channel);
    channel.show();
    this.end(channel);
    this.begin(channel, host, container, before?.choice && { ...before.choice, isUnfiltered: false });
    if (before?.filter && !this.tails.get(channel)?.filter) channel.writeFilterCleared();
  }

  /** Ends the following; the channel keeps what it shows. */
  stop(hostId: string, containerId: ContainerId): void {
    const channel = this.channelTailing(hostId, containerId);
    if (!channel) return;
    channel.writeStopped();
    this.end(channel);
  }

  /** Ends all tails of a host whose engine is gone: nothing would ever come of them. */
  stopHost(hostId: string): void {
    for (const [channel, tail] of [...this.tails]) {
      if (tail.host.id !== hostId) continue;
      channel.writeHostReplaced(tail.host);
      this.end(channel);
    }
  }

  isTailing(hostId: string, containerId: ContainerId): boolean {
    return this.channelTailing(hostId, containerId) !== undefined;
  }

  dispose(): void {
    for (const tail of this.tails.values()) tail.dispose();
    this.tails.clear();
    for (const channel of this.channels.values()) channel.dispose();
    this.channels.clear();
    this.store.dispose();
  }

  private begin(channel: LogChannel, host: Host, container: Container, choice: TailChoice | undefined): void {
    const filter = choice?.isUnfiltered === true ? undefined : this.options.filterFor?.(host, container);
    channel.begin(choice?.hasTimestamps ?? this.options.hasTimestamps(), this.options.jsonStyle?.());
    if (filter) channel.writeFilter(filter);
    const request = { ...(choice?.from ?? this.usualPart(filter)), follow: true, ...(filter && { filter }) };
    this.follow(channel, host, container, { choice, request });
  }

  private usualPart(filter: LogFilter | undefined): TailChoice['from'] {
    const tail = this.options.tailLines();
    return { tail: filter && tail > 0 ? Math.max(tail, FILTERED_TAIL_LINES) : tail };
  }

  private follow(
    channel: LogChannel,
    host: Host,
    container: Container,
    { choice, request }: { readonly choice: TailChoice | undefined; readonly request: LogRequest },
  ): void {
    const follow = host.engine.followLog(container.id, request, {
      lines: (batch) => channel.writeLines(batch),
      marker: (marker) => {
        channel.writeMarker(marker);
        this.takeMarker(channel, marker);
      },
      ended: (error) => {
        if (error) {
          channel.writeFailure(error);
          this.options.onFailed(container, error);
        }
        this.end(channel);
      },
    });
    this.tails.set(channel, {
      host,
      containerId: container.id,
      name: nameOf(container),
      isGone: false,
      filter: request.filter,
      choice,
      dispose: () => follow.dispose(),
    });
    this.didChange.fire(undefined);
  }

  private takeMarker(channel: LogChannel, marker: LogMarker): void {
    const tail = this.tails.get(channel);
    if (!tail || (marker.kind !== 'removed' && marker.kind !== 'recreated')) return;
    tail.isGone = marker.kind === 'removed';
    if (marker.kind === 'recreated') tail.containerId = marker.containerId;
    this.didChange.fire(undefined);
  }

  private channelTailing(hostId: string, containerId: ContainerId): LogChannel | undefined {
    for (const [channel, tail] of this.tails) {
      if (tail.host.id === hostId && tail.containerId === containerId) return channel;
    }
    return undefined;
  }

  private end(channel: LogChannel): void {
    const tail = this.tails.get(channel);
    if (!tail) return;
    this.tails.delete(channel);
    tail.dispose();
    this.didChange.fire(undefined);
  }

  private channelOf(host: Host, container: Container): LogChannel {
    // Two hosts may have the same name.
    const key = `${host.id}\n${nameOf(container)}`;
    const existing = this.channels.get(key);
    if (existing) return existing;
    const channel = new LogChannel(this.options.openChannel(`${nameOf(container)} · ${host.name}`), {
      maxLength: this.options.maxChannelLength(),
      clock: this.options.clock ?? systemClock,
      turns: this.options.turns ?? systemTurns,
    });
    this.channels.set(key, channel);
    return channel;
  }
}

function nameOf({ name, id }: Container): string {
  return name === '' ? shortId(id) : name;
}
