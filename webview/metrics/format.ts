import { binarySize, decimalSize, percentDigits } from '../../src/model/metricsText';
import type { Figures, MetricColumn } from '../../src/protocol/webview/metrics';

/** What stands where nothing is known. */
export const NOTHING = '–';

export function percentText(percent: number | null): string {
  return percent === null ? NOTHING : `${percentDigits(percent)}%`;
}

/** Without decimals that say nothing, for a scale. */
export function shortPercentText(percent: number | null): string {
  return percent === null ? NOTHING : `${Number(percent.toFixed(2))}%`;
}

export function memoryText(bytes: number | null): string {
  return bytes === null ? NOTHING : binarySize(bytes);
}

export function sizeText(bytes: number | null): string {
  return bytes === null ? NOTHING : decimalSize(bytes);
}

export function rateText(bytesPerSecond: number | null): string {
  return bytesPerSecond === null ? NOTHING : `${decimalSize(bytesPerSecond)}/s`;
}

export function countText(count: number | null): string {
  return count === null ? NOTHING : String(Math.round(count));
}

/** The figures of a cell, as `docker stats` writes them where it has the same. Two where there are two directions. */
export function cellTexts(
  column: MetricColumn,
  figures: Figures,
): readonly [string] | readonly [string, string] {
  switch (column) {
    case 'cpu':
      return [percentText(figures.cpuPercent)];
    case 'memory':
      return [memoryText(figures.memoryBytes), memoryText(figures.memoryLimitBytes)];
    case 'memoryPercent':
      return [percentText(figures.memoryPercent)];
    case 'network':
      return [rateText(figures.networkReceivedBytesPerSecond), rateText(figures.networkSentBytesPerSecond)];
    case 'block':
      return [rateText(figures.blockReadBytesPerSecond), rateText(figures.blockWrittenBytesPerSecond)];
    case 'processes':
      return [countText(figures.processes)];
    case 'networkTotal':
      return [sizeText(figures.networkReceivedBytes), sizeText(figures.networkSentBytes)];
    case 'blockTotal':
      return [sizeText(figures.blockReadBytes), sizeText(figures.blockWrittenBytes)];
  }
}

/** `14:03:02`, by the page's language. */
export function timeText(timeMs: number, language: string): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? NOTHING : date.toLocaleTimeString(localeOf(language));
}

/** `14:03`. */
export function minuteText(timeMs: number, language: string): string {
  const date = new Date(timeMs);
  if (Number.isNaN(date.getTime())) return NOTHING;
  return date.toLocaleTimeString(localeOf(language), { hour: 'numeric', minute: '2-digit' });
}

/** With the day, where the range is longer than one. */
export function dateTimeText(timeMs: number, language: string): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? NOTHING : date.toLocaleString(localeOf(language));
}

/** A language that JavaScript does not know is the machine's. */
function localeOf(language: string): string | undefined {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(language)[0];
  } catch {
    return undefined;
  }
}
