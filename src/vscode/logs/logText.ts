import type { LogBatch, LogLine } from '../../model/log';
import { readJsonLine } from '../../model/logJson';
import { LogStamps } from '../../model/logStamp';
import { plainLine } from '../../model/plainText';

/** The language of our channels and documents, contributed with its grammar in package.json. */
export const LOG_LANGUAGE = 'quaywatch-log';

/** How lines that are JSON objects show. */
export type JsonStyle = 'compact' | 'raw';

/** Makes text of lines, with or without the time of each at its beginning. */
export class LogText {
  private readonly stamps = new LogStamps();

  constructor(
    private readonly hasTimestamps: boolean,
    /** What of a line is shown. */
    private readonly show: (text: string, line: LogLine) => string,
    private readonly lineEnding = '\n',
  ) {}

  of({ lines }: LogBatch): string {
    return lines.map((line) => this.lineOf(line)).join('');
  }

  private lineOf(line: LogLine): string {
    const stamp = this.hasTimestamps ? `${this.stamps.format(line.timestamp)} ` : '';
    return `${stamp}${this.show(line.text, line)}${this.lineEnding}`;
  }
}

/** Text for a channel: plain, and JSON as it is wanted. */
export function channelLines(hasTimestamps: boolean, json: JsonStyle): LogText {
  return new LogText(hasTimestamps, shownInChannel(hasTimestamps, json));
}

/** What a channel shows of a line, without its time. */
export function shownInChannel(
  hasTimestamps: boolean,
  json: JsonStyle,
): (text: string, line: LogLine) => string {
  if (json === 'raw') return plainLine;
  return (text, { timestamp }) => {
    const plain = plainLine(text);
    return plain.startsWith('{') ? compactLine(plain, hasTimestamps ? timestamp : undefined) : plain;
  };
}

/** The stack trace in an object goes below, a line each. */
function compactLine(plain: string, timestamp: string | undefined): string {
  const read = readJsonLine(plain, timestamp === undefined ? { leadTime: true } : { timestamp });
  // An empty object has nothing to show but itself.
  if (!read || read.text === '') return plain;
  return read.trace.length === 0 ? read.text : [read.text, ...read.trace.map(plainLine)].join('\n');
}
