import type { LogBatch, LogLine, LogMarker, LogSink } from '../../src/model/log';

/** Keeps everything a followed log delivers. */
export class LogCollector implements LogSink {
  readonly collected: LogLine[] = [];
  readonly markers: LogMarker[] = [];
  hasEnded = false;
  error: Error | undefined;

  lines({ lines }: Pick<LogBatch, 'lines'>): void | Promise<void> {
    this.collected.push(...lines);
  }

  marker(marker: LogMarker): void {
    this.markers.push(marker);
  }

  ended(error?: Error): void {
    this.hasEnded = true;
    this.error = error;
  }

  get texts(): readonly string[] {
    return this.collected.map(({ text }) => text);
  }

  textsOf(stream: 'stdout' | 'stderr'): readonly string[] {
    return this.collected.filter((line) => line.stream === stream).map(({ text }) => text);
  }

  get markerKinds(): readonly string[] {
    return this.markers.map(({ kind }) => kind);
  }
}
