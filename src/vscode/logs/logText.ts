import type { LogBatch, LogLine } from '../../model/log';
import { LogStamps } from '../../model/logStamp';

/** The language of our channels and documents, contributed with its grammar in package.json. */
export const LOG_LANGUAGE = 'quaywatch-log';

/** Makes text of lines, with or without the time of each at its beginning. */
export class LogText {
  private readonly stamps = new LogStamps();

  constructor(
    private readonly hasTimestamps: boolean,
    /** What of a line is shown. */
    private readonly show: (text: string) => string,
    private readonly lineEnding = '\n',
  ) {}

  of({ lines }: LogBatch): string {
    return lines.map((line) => this.lineOf(line)).join('');
  }

  private lineOf({ timestamp, text }: LogLine): string {
    const stamp = this.hasTimestamps ? `${this.stamps.format(timestamp)} ` : '';
    return `${stamp}${this.show(text)}${this.lineEnding}`;
  }
}
