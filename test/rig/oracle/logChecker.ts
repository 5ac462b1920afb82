import type { LogBatch, LogLine, LogMarker, LogSink, LogStream } from '../../../src/model/log';
import type { PartStamps } from '../../../src/model/logLines';
import { writerName } from './position';
import { StreamTrack } from './streamTrack';

/** A gap marker, and whether its times are those of the lines around it. */
export interface ReportedGap {
  readonly from: string;
  readonly to: string;
  readonly count: number | undefined;
  /** `from` is the time of the last line before the marker. */
  readonly fromIsRight: boolean;
  /** `to` is the time of the first line after it; `undefined` while none came. */
  toIsRight: boolean | undefined;
}

/**
 * The reader's end of the rig: notes what a followed log delivers, in memory that grows with holes and not with lines.
 * What the lines should have been is for the verdict to say, when the truth is known.
 */
export class LogChecker implements LogSink {
  readonly tracks: Readonly<Record<LogStream, StreamTrack>>;
  readonly gaps: ReportedGap[] = [];
  readonly markerCounts = new Map<LogMarker['kind'], number>();
  hasEnded = false;
  error: Error | undefined;
  private latestTimestamp = '';
  private awaitsLineAfterGap = false;

  /** @param onGap is told the index of each gap marker as it comes */
  constructor(
    container: string,
    private readonly onGap: (index: number) => void = () => undefined,
    partStamps: PartStamps = 'shared',
  ) {
    this.tracks = {
      stdout: new StreamTrack(writerName(container, 'stdout'), partStamps),
      stderr: new StreamTrack(writerName(container, 'stderr'), partStamps),
    };
  }

  get delivered(): number {
    return this.tracks.stdout.delivered + this.tracks.stderr.delivered;
  }

  /** How far the log has come, in lines; a line that never comes back counts once a later one came. */
  get reach(): number {
    return this.tracks.stdout.reach + this.tracks.stderr.reach;
  }

  lines({ lines }: Pick<LogBatch, 'lines'>): void {
    for (const line of lines) this.take(line);
  }

  marker(marker: LogMarker): void {
    this.markerCounts.set(marker.kind, (this.markerCounts.get(marker.kind) ?? 0) + 1);
    if (marker.kind !== 'gap') return;
    const { from, to, count } = marker;
    const index = this.gaps.length;
    this.gaps.push({ from, to, count, fromIsRight: from === this.latestTimestamp, toIsRight: undefined });
    this.awaitsLineAfterGap = true;
    for (const track of Object.values(this.tracks)) track.gap(index);
    this.onGap(index);
  }

  ended(error?: Error): void {
    this.hasEnded = true;
    this.error = error;
  }

  private take(line: LogLine): void {
    if (this.awaitsLineAfterGap) this.closeGapTimes(line.timestamp);
    this.latestTimestamp = line.timestamp;
    this.tracks[line.stream].take(line);
  }

  private closeGapTimes(timestamp: string): void {
    this.awaitsLineAfterGap = false;
    for (const gap of this.gaps) gap.toIsRight ??= gap.to === timestamp;
  }
}
