import type { LogMarker } from '../../model/log';
import type { Target } from '../commands/targets';
import { describeMarker } from './markers';
import { readWholeLog, type ReadLogOptions } from './readLog';
import { writeWholeFile } from './replacedFile';

/** How far the saving of a log is. */
export interface SaveProgress {
  readonly lines: number;
  readonly bytes: number;
}

export interface SaveLogOptions extends ReadLogOptions {
  /** Begin each line with its timestamp, exactly as the engine keeps it. */
  readonly hasTimestamps: boolean;
  readonly onProgress: (progress: SaveProgress) => void;
}

/**
 * Saves the complete log as the container wrote it, line by line as it is read: none of it is kept in memory. Leaves no
 * partial file behind.
 *
 * @returns how much was saved, or `undefined` when it was aborted
 */
export async function saveLog(
  target: Target,
  file: string,
  options: SaveLogOptions,
): Promise<SaveProgress | undefined> {
  let progress: SaveProgress = { lines: 0, bytes: 0 };
  const isSaved = await writeWholeFile(file, async (append) => {
    const write = async (text: string, lineCount: number): Promise<void> => {
      await append(text);
      progress = { lines: progress.lines + lineCount, bytes: progress.bytes + Buffer.byteLength(text) };
      options.onProgress(progress);
    };
    const remarks: Promise<void>[] = [];
    const isComplete = await readWholeLog(
      target,
      {
        lines: ({ lines }) =>
          write(
            lines
              .map(({ timestamp, text }) => (options.hasTimestamps ? `${timestamp} ${text}\n` : `${text}\n`))
              .join(''),
            lines.length,
          ),
        remark: (marker: LogMarker) => void remarks.push(write(`${describeMarker(marker)}\n`, 0)),
      },
      options,
    );
    await Promise.all(remarks);
    return isComplete;
  });
  return isSaved ? progress : undefined;
}
