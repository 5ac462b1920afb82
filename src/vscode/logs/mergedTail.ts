import * as vscode from 'vscode';
import type { Clock } from '../../base/clock';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import type { ContainersChange } from '../../engine/engine';
import type { Container, ContainerId } from '../../model/container';
import { isOneOff } from '../../model/containerIdentity';
import type { LogMarker, LogPlace, LogRequest } from '../../model/log';
import type { LogFilter } from '../../model/logFilter';
import type { MergedLine } from '../../model/logMerge';
import { MergedLabels } from '../../model/mergedLabels';
import { MergedStream } from '../../model/mergedStream';
import type { Labelled } from '../../model/mergedText';
import type { Target } from '../commands/targets';
import type { Host } from '../hosts/host';
import type { OnHostReplaced } from '../hosts/hostReplaced';
import { reasonInWords } from '../notify';
import { hostReplacedLine } from './logChannel';
import { FILTERED_TAIL_LINES } from './logTails';
import { describeMarker, filterClearedLine, filterLine, markerLine } from './markers';
import { isOfProject, memberKey, type TailedMember, type TailedProject, type TailSet } from './mergedTailSet';

/** Each follow is a connection to the engine. */
export const MOST_MEMBERS = 100;

/** Where a merged tail is shown. */
export interface MergedOutput {
  /** Lines with this label are going to come. */
  makeRoomFor(source: Labelled): void;
  write(merged: readonly MergedLine<Labelled>[]): void;
  /** A line of ours that is of no single container. */
  say(line: string): void;
}

/** What a merged tail needs besides its containers. */
export interface MergedTailing {
  /** How many of a log's newest lines each container begins with. */
  readonly tailLines: number;
  readonly filterFor: (host: Host, container: Pick<Container, 'name' | 'compose'>) => LogFilter | undefined;
  readonly onHostReplaced: OnHostReplaced;
  readonly clock: Clock;
}

export interface MergedTailOptions extends MergedTailing {
  readonly output: MergedOutput;
  /** Its containers are others now. */
  readonly onDidChange: () => void;
  /** Nothing is going to come any more. */
  readonly onDidEnd: () => void;
}

interface Member extends TailedMember, Labelled {
  readonly key: string;
  readonly identity: Pick<Container, 'name' | 'compose'>;
  containerId: ContainerId;
  follow: Disposable | undefined;
  /** Where its reader is; to go on there with another filter. */
  place: LogPlace | undefined;
  filter: LogFilter | undefined;
}

/** How a container's log begins. */
type From = Pick<LogRequest, 'tail' | 'resumeAt'>;

/** A container that came later is shown from its first line. */
const WHOLE_LOG: From = { tail: 'all' };

/**
 * Follows several containers as one stream. A container that is silent, ends or is away holds up none of the others, and
 * goes on under its label when it is back, also when it was created anew. What joins a project later joins the stream.
 */
export class MergedTail implements Disposable {
  private readonly store = new DisposableStore();
  private readonly all: Member[] = [];
  private readonly labels: MergedLabels;
  private readonly stream: MergedStream<Member>;
  private projects: readonly TailedProject[];
  /** The keys of those beyond the most there may be. */
  private readonly leftOut = new Set<string>();

  constructor(
    { targets, projects }: TailSet,
    private readonly options: MergedTailOptions,
  ) {
    const hosts = new Set([...targets, ...projects].map(({ host }) => host));
    this.labels = new MergedLabels(hosts.size > 1);
    this.projects = projects;
    const members = this.addMembers(targets.slice(0, MOST_MEMBERS));
    const { clock, output, tailLines } = options;
    this.stream = this.store.add(
      new MergedStream<Member>({
        clock,
        sources: members,
        newestLines: tailLines,
        deliver: (merged) => output.write(merged),
      }),
    );
    this.leaveOut(targets.slice(MOST_MEMBERS));
    for (const host of hosts) this.store.add(options.onHostReplaced(host, () => this.leaveHost(host)));
    for (const project of projects) this.watch(project);
    for (const member of members) this.follow(member, this.newestOf(member));
  }

  get members(): readonly TailedMember[] {
    return this.all;
  }

  /** Nothing is going to come any more. */
  get isOver(): boolean {
    return this.store.isDisposed;
  }

  isTailing(hostId: string, containerId: ContainerId): boolean {
    return this.all.some(
      (member) =>
        member.host.id === hostId && member.containerId === containerId && member.follow !== undefined,
    );
  }

  /** Somebody may have saved another filter: those it concerns go on with it from where they are. */
  refilter(): void {
    for (const member of this.all) {
      if (!member.follow || isSameFilter(member.filter, this.filterOf(member))) continue;
      this.store.delete(member.follow);
      const wasFiltered = member.filter !== undefined;
      this.follow(member, member.place ? { tail: 0, resumeAt: member.place } : this.newestOf(member));
      if (wasFiltered && !member.filter) this.stream.note(member, filterClearedLine());
    }
  }

  /** Hands over what waits, and ends. */
  dispose(): void {
    if (!this.store.isDisposed) this.stream.flush();
    this.store.dispose();
    for (const member of this.all) member.follow = undefined;
  }

  private addMembers(targets: readonly Target[]): Member[] {
    const { output } = this.options;
    const labels = this.labels.assign(
      targets.map(({ host, container }) => ({ hostName: host.name, container })),
    );
    const added = targets.map(({ host, container }, index): Member => {
      const { id, name, compose } = container;
      return {
        host,
        key: memberKey(host.id, container),
        identity: { name, ...(compose && { compose }) },
        containerId: id,
        label: labels[index] ?? name,
        slot: this.all.length + index,
        follow: undefined,
        place: undefined,
        filter: undefined,
      };
    });
    this.all.push(...added);
    for (const member of added) output.makeRoomFor(member);
    return added;
  }

  /** A filter lets few lines pass: more of them are looked through. */
  private newestOf(member: Member): From {
    const { tailLines } = this.options;
    const isFiltered = tailLines > 0 && this.filterOf(member) !== undefined;
    return { tail: isFiltered ? Math.max(tailLines, FILTERED_TAIL_LINES) : tailLines };
  }

  private filterOf({ host, identity }: Member): LogFilter | undefined {
    return this.options.filterFor(host, identity);
  }

  private follow(member: Member, from: From): void {
    const filter = this.filterOf(member);
    member.filter = filter;
    if (filter) this.stream.note(member, filterLine(filter));
    const request: LogRequest = { ...from, follow: true, ...(filter && { filter }) };
    member.follow = this.store.add(
      member.host.engine.followLog(member.containerId, request, {
        lines: ({ lines, place }) => {
          member.place = place;
          this.stream.lines(member, lines);
        },
        marker: (marker) => this.takeMarker(member, marker),
        ended: (error) => this.endMember(member, error && unreadableLine(error)),
      }),
    );
  }

  private takeMarker(member: Member, marker: LogMarker): void {
    this.stream.note(member, describeMarker(marker), isSilencing(marker));
    if (marker.kind !== 'recreated') return;
    member.containerId = marker.containerId;
    this.options.onDidChange();
  }

  private endMember(member: Member, lastLine: string | undefined): void {
    if (member.follow) this.store.delete(member.follow);
    member.follow = undefined;
    if (lastLine === undefined) this.stream.silence(member);
    else this.stream.note(member, lastLine, true);
    this.options.onDidChange();
    this.endIfOver();
  }

  private leaveHost(host: Host): void {
    this.projects = this.projects.filter((project) => project.host !== host);
    for (const member of this.all) {
      if (member.host === host && member.follow) this.endMember(member, hostReplacedLine(host));
    }
    this.endIfOver();
  }

  /** A project that is tailed may get a container that can be read. */
  private endIfOver(): void {
    if (this.store.isDisposed || this.projects.length > 0 || this.all.some(({ follow }) => follow)) return;
    this.dispose();
    this.options.onDidEnd();
  }

  private watch(tailed: TailedProject): void {
    const { engine } = tailed.host;
    const consider = (change: ContainersChange): void => {
      if (!this.projects.includes(tailed)) return;
      const changed = change.kind === 'updated' ? change.containers : (engine.containers?.values() ?? []);
      for (const container of changed) {
        if (!isOfProject(container, tailed) || isOneOff(container)) continue;
        this.considerJoining({ host: tailed.host, container });
      }
    };
    this.store.add(engine.onDidChangeContainers(consider));
  }

  /** A container that takes the place of one we have is followed by that one's reader already. */
  private considerJoining(target: Target): void {
    const { host, container } = target;
    const key = memberKey(host.id, container);
    const known = this.all.find((member) => member.key === key);
    if (!known) this.join(target);
    else if (!known.follow && known.containerId !== container.id) this.revive(known, container.id);
  }

  private join(target: Target): void {
    if (this.all.length >= MOST_MEMBERS) {
      this.leaveOut([target]);
      return;
    }
    for (const member of this.addMembers([target])) {
      this.stream.note(member, markerLine(vscode.l10n.t('new in the project')));
      this.follow(member, WHOLE_LOG);
    }
    this.options.onDidChange();
  }

  private leaveOut(targets: readonly Target[]): void {
    const before = this.leftOut.size;
    for (const { host, container } of targets) this.leftOut.add(memberKey(host.id, container));
    if (this.leftOut.size > before) this.options.output.say(leftOutLine(this.leftOut.size));
  }

  /** Its log could not be read; that of another container in its place may. */
  private revive(member: Member, containerId: ContainerId): void {
    member.containerId = containerId;
    this.stream.note(member, describeMarker({ kind: 'recreated', containerId }));
    this.follow(member, WHOLE_LOG);
    this.options.onDidChange();
  }
}

/** After these nothing comes until another marker says so. */
function isSilencing({ kind }: LogMarker): boolean {
  return kind === 'stopped' || kind === 'connectionLost' || kind === 'removed';
}

function isSameFilter(one: LogFilter | undefined, other: LogFilter | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function unreadableLine(error: Error): string {
  return markerLine(vscode.l10n.t('the log can not be read: {0}', reasonInWords(error)));
}

function leftOutLine(count: number): string {
  return markerLine(vscode.l10n.t('{0} more containers are not tailed: {1} at most', count, MOST_MEMBERS));
}
