import type { LogLine, LogMarker, RunEnd } from '../../model/log';
import { parseTimestamp, toSeconds } from '../../model/logTime';
import type { RunState } from './dockerApi';
import type { EngineEvent } from './engineEvent';

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
    const timestamp = this.end && parseTimestamp(line.timestamp);
    if (!this.end || !timestamp || toSeconds(timestamp) <= this.end.atSeconds) return;
    this.tellStart(this.end);
    this.isStartTold = true;
  }

  /** Whether there is still something to tell about the end of this run. */
  isStopNews(run: RunState): boolean {
    return !this.isStopTold && run.startedAt !== '';
  }

  /** The run is over, and no other began soon. */
  stopped(run: RunState): void {
    this.isStopTold = true;
    this.tell({ kind: 'stopped', ...endOf(run) });
  }

  /** Another run followed this one. */
  started(before: RunState, now: RunState): void {
    const start = parseTimestamp(now.startedAt);
    this.latestStartSeconds = start ? toSeconds(start) : 0;
    if (!this.isStartTold && before.startedAt !== '') this.tellStart(this.end ?? endOf(before));
    this.isStartTold = false;
    this.isStopTold = false;
  }

  private tellStart({ exitCode, outOfMemory }: RunEnd): void {
    const end = { outOfMemory, ...(exitCode === undefined ? {} : { exitCode }) };
    const marker: LogMarker = this.isStopTold ? { kind: 'started' } : { kind: 'restarted', ...end };
    this.isStopTold = false;
    this.end = undefined;
    this.tell(marker);
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
