import * as vscode from 'vscode';
import { systemClock, type Clock } from '../../base/clock';
import { Emitter, type Event } from '../../base/emitter';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { systemTurns, type Turns } from '../../base/turns';
import type { ContainerId } from '../../model/container';
import type { LogChannelTarget } from './logChannel';
import type { JsonStyle } from './logText';
import { markerLine } from './markers';
import { MergedTail, type MergedTailing } from './mergedTail';
import { MergedTailChannel } from './mergedTailChannel';
import { setKey, setName, type TailedMember, type TailSet } from './mergedTailSet';

export interface MergedTailsOptions extends Pick<MergedTailing, 'filterFor' | 'onHostReplaced'> {
  /** Makes an output channel. */
  readonly openChannel: (name: string) => LogChannelTarget;
  /** How many of a log's newest lines each container begins with. */
  readonly tailLines: () => number;
  readonly hasTimestamps: () => boolean;
  readonly jsonStyle: () => JsonStyle;
  /** How much a channel holds, in UTF-16 units. */
  readonly maxChannelLength: () => number;
  /** A filter was saved or cleared. */
  readonly onDidChangeFilters: Event<void>;
  readonly clock?: Clock;
  readonly turns?: Turns;
}

/** Containers being tailed together. */
export interface TailedTogether {
  /** Of the channel. */
  readonly name: string;
  readonly members: readonly TailedMember[];
}

/** The sets of containers being tailed together. Each set has one channel, used again for every tail of it. */
export class MergedTails implements Disposable {
  private readonly store = new DisposableStore();
  private readonly channels = new Map<string, MergedTailChannel>();
  private readonly tails = new Map<MergedTailChannel, MergedTail>();
  private readonly didChange = this.store.add(new Emitter<undefined>());
  readonly onDidChange = this.didChange.event;

  constructor(private readonly options: MergedTailsOptions) {
    this.store.add(
      options.onDidChangeFilters(() => {
        for (const tail of [...this.tails.values()]) tail.refilter();
      }),
    );
  }

  /** The tails under way, in the order they began. */
  get tailed(): readonly TailedTogether[] {
    return [...this.tails].map(([{ name }, { members }]) => ({ name, members }));
  }

  /** Shows the set's channel and follows its logs. What is tailed already goes on undisturbed. */
  tail(set: TailSet): void {
    const channel = this.channelOf(set);
    channel.show();
    if (this.tails.has(channel)) return;
    const { tailLines, hasTimestamps, jsonStyle, filterFor, onHostReplaced } = this.options;
    channel.begin(hasTimestamps(), jsonStyle());
    const tail = new MergedTail(set, {
      output: channel,
      tailLines: tailLines(),
      filterFor,
      onHostReplaced,
      clock: this.clock,
      onDidChange: () => this.didChange.fire(undefined),
      onDidEnd: () => this.forget(channel),
    });
    if (!tail.isOver) this.tails.set(channel, tail);
    this.didChange.fire(undefined);
  }

  /** Ends the following; the channel keeps what it shows. */
  stop({ name }: TailedTogether): void {
    for (const [channel, tail] of this.tails) {
      if (channel.name !== name) continue;
      tail.dispose();
      channel.say(markerLine(vscode.l10n.t('no longer tailing')));
      this.forget(channel);
      return;
    }
  }

  /** Those that show the container's log. */
  tailsOf(hostId: string, containerId: ContainerId): readonly TailedTogether[] {
    return [...this.tails]
      .filter(([, tail]) => tail.isTailing(hostId, containerId))
      .map(([{ name }, { members }]) => ({ name, members }));
  }

  isTailing(hostId: string, containerId: ContainerId): boolean {
    return [...this.tails.values()].some((tail) => tail.isTailing(hostId, containerId));
  }

  dispose(): void {
    for (const tail of this.tails.values()) tail.dispose();
    this.tails.clear();
    for (const channel of this.channels.values()) channel.dispose();
    this.channels.clear();
    this.store.dispose();
  }

  private get clock(): Clock {
    return this.options.clock ?? systemClock;
  }

  private forget(channel: MergedTailChannel): void {
    this.tails.delete(channel);
    this.didChange.fire(undefined);
  }

  private channelOf(set: TailSet): MergedTailChannel {
    const key = setKey(set);
    const existing = this.channels.get(key);
    if (existing) return existing;
    const name = this.freeName(setName(set));
    const channel = new MergedTailChannel(name, this.options.openChannel(name), {
      maxLength: this.options.maxChannelLength(),
      clock: this.clock,
      turns: this.options.turns ?? systemTurns,
    });
    this.channels.set(key, channel);
    return channel;
  }

  /** Two sets may differ only in what a name does not tell. */
  private freeName(name: string): string {
    const taken = new Set([...this.channels.values()].map((channel) => channel.name));
    for (let number = 1; ; number++) {
      const numbered = number === 1 ? name : `${name} #${number}`;
      if (!taken.has(numbered)) return numbered;
    }
  }
}
