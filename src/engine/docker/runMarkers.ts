import type { LogLine, LogMarker, RunEnd } from '../../model/log';
import { parseTimestamp, toSeconds } from '../../model/logTime';
import type { RunState } from './dockerApi';
import type { EngineEvent } from './engineEvent';

/** An engine dates a run's start a little after the run's first lines; to end a run and start another takes longer. */
const START_DATED_LATE_SECONDS = 0.015;

/** A start that is told as soon as what the run before wrote was. */
interface DueStart {
  readonly marker: LogMarker;
  /** Lines stamped later are the new run's; in seconds since the Unix epoch. */
  readonly afterSeconds: number;
}

/**
 * Tells the reader of a log once when a run of the container ended and once when the next began, at the right place
 * between the lines: the engine stamps what a run still wrote before its `die`, so a line stamped later is the next
 * run's, whenever either of them arrives.
 */
export class RunMarkers {
  /** How the latest run ended, as the events told, and when in seconds since the Unix epoch. */
  private end: (RunEnd & { readonly atSeconds: number }) | undefined;
  private isOutOfMemory = false;
  private isStopTold = false;
  private isStartTold = false;
  private latestStartSeconds = 0;
  private due: readonly DueStart[] = [];

  constructor(private readonly tell: (marker: LogMarker) => void) {}

  takeEvent(event: EngineEvent): void {
    if (event.action === 'oom') this.isOutOfMemory = true;
    if (event.action !== 'die') return;
    // Of a run whose successor was told already.
    if (event.atSeconds < this.latestStartSeconds) return;
    this.end = { ...exitCodeOf(event), outOfMemory: this.isOutOfMemory, atSeconds: event.atSeconds };
    this.isOutOfMemory = false;
  }

  /** To be called for every line before it is delivered. */
  beforeLine(line: LogLine): void {
    if (this.due.length === 0 && !this.end) return;
    const timestamp = parseTimestamp(line.timestamp);
    if (!timestamp) return;
    const seconds = toSeconds(timestamp);
    this.tellDue(seconds);
    if (this.due.length > 0 || !this.end || seconds <= this.end.atSeconds) return;
    this.tell(this.startAfter(this.end));
    this.isStartTold = true;
  }

  /** Whether a start waits to be told until what the run before wrote was. */
  get isStartDue(): boolean {
    return this.due.length > 0;
  }

  /** Tells the starts that wait: the lines before them were delivered, up to this time in seconds. */
  tellDue(untilSeconds = Number.POSITIVE_INFINITY): void {
    while (this.due[0] && this.due[0].afterSeconds < untilSeconds) {
      const [{ marker }] = this.due;
      this.due = this.due.slice(1);
      this.tell(marker);
    }
  }

  /** Whether there is still something to tell about the end of this run. */
  isStopNews(run: RunState): boolean {
    return !this.isStopTold && run.startedAt !== '';
  }

  /** The run is over, and no other began soon. */
  stopped(run: RunState): void {
    this.tellDue();
    this.isStopTold = true;
    this.tell({ kind: 'stopped', ...endOf(run) });
  }

  /** Another run followed this one, of which lines may still be to come. */
  started(before: RunState, now: RunState): void {
    const start = parseTimestamp(now.startedAt);
    this.latestStartSeconds = start ? toSeconds(start) : 0;
    if (!this.isStartTold && before.startedAt !== '') {
      const afterSeconds = this.end?.atSeconds ?? this.latestStartSeconds - START_DATED_LATE_SECONDS;
      this.due = [...this.due, { marker: this.startAfter(this.end ?? endOf(before)), afterSeconds }];
    }
    this.isStartTold = false;
    this.isStopTold = false;
  }

  private startAfter({ exitCode, outOfMemory }: RunEnd): LogMarker {
    const end = { outOfMemory, ...(exitCode === undefined ? {} : { exitCode }) };
    const marker: LogMarker = this.isStopTold ? { kind: 'started' } : { kind: 'restarted', ...end };
    this.isStopTold = false;
    this.end = undefined;
    return marker;
  }
}

/** A run that was looked at while it lasted had no end yet. */
function endOf({ isRunning, exitCode, outOfMemory }: RunState): RunEnd {
  if (isRunning) return { outOfMemory: false };
  return { outOfMemory, ...(exitCode === undefined ? {} : { exitCode }) };
}

function exitCodeOf(event: EngineEvent): { readonly exitCode?: number } {
  const exitCode = Number(event.attributes['exitCode'] ?? Number.NaN);
  return Number.isInteger(exitCode) ? { exitCode } : {};
}
