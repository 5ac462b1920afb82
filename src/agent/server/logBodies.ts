import type { LogBatch, LogLine } from '../../model/log';
import { LIMITS } from '../../protocol/limits';
import { encodeLogBody, type LogItem } from '../../protocol/logFrames';
import { compressedBody, plainBody, type EncodedBody } from './dataFrame';

/** So that one frame is little against a client's credit, and memory does not come in huge pieces. */
const MAX_TEXT_LENGTH = 256 * 1024;

interface Encoded {
  readonly items: readonly LogItem[];
  readonly plain: EncodedBody;
  compressed?: EncodedBody;
}

/**
 * Makes the bodies of frames of what has gathered for readers. All readers of a log are given the same batches at the same
 * time: what was encoded or compressed for one of them is used for the others, and then forgotten.
 */
export class LogBodies {
  /** By the first batch in them. */
  private readonly recent = new Map<LogBatch, Encoded>();

  of(items: readonly LogItem[], isCompressed: boolean): readonly EncodedBody[] {
    return intoFrames(items).map((group) => {
      const encoded = this.encode(group);
      return isCompressed ? (encoded.compressed ??= compressedBody(encoded.plain)) : encoded.plain;
    });
  }

  private encode(items: readonly LogItem[]): Encoded {
    const first = items.find((item) => item.kind === 'lines')?.batch;
    const known = first && this.recent.get(first);
    if (known && isSame(known.items, items)) return known;
    const encoded: Encoded = { items, plain: plainBody(encodeLogBody(joined(items))) };
    if (first) this.remember(first, encoded);
    return encoded;
  }

  private remember(first: LogBatch, encoded: Encoded): void {
    if (this.recent.size === 0) setImmediate(() => this.recent.clear());
    this.recent.set(first, encoded);
  }
}

function isSame(a: readonly LogItem[], b: readonly LogItem[]): boolean {
  return a.length === b.length && a.every((item, index) => contentOf(item) === contentOf(b[index]));
}

function contentOf(item: LogItem | undefined): unknown {
  return item?.kind === 'lines' ? item.batch : item?.marker;
}

/** Only the last place of lines that follow each other says anything. */
function joined(items: readonly LogItem[]): readonly LogItem[] {
  const result: LogItem[] = [];
  let run: LogBatch[] = [];
  const endRun = (): void => {
    if (run.length > 0) result.push({ kind: 'lines', batch: joinBatches(run) });
    run = [];
  };
  for (const item of items) {
    if (item.kind === 'lines') run.push(item.batch);
    else {
      endRun();
      result.push(item);
    }
  }
  endRun();
  return result;
}

function joinBatches(batches: readonly LogBatch[]): LogBatch {
  const [only] = batches;
  if (batches.length === 1 && only) return only;
  const place = batches.findLast((batch) => batch.place !== undefined)?.place;
  return {
    lines: batches.flatMap(({ lines }) => lines),
    textLength: batches.reduce((sum, { textLength }) => sum + textLength, 0),
    ...(place && { place }),
  };
}

function intoFrames(items: readonly LogItem[]): readonly (readonly LogItem[])[] {
  const groups: LogItem[][] = [];
  let lineCount = 0;
  let textLength = 0;
  for (const item of items.flatMap(splitLarge)) {
    const size = item.kind === 'lines' ? item.batch : { lines: [], textLength: 0 };
    const isFull =
      lineCount + size.lines.length > LIMITS.maxLinesPerFrame ||
      (textLength > 0 && textLength + size.textLength > MAX_TEXT_LENGTH);
    const group = groups.at(-1);
    if (group === undefined || isFull) {
      groups.push([item]);
      lineCount = textLength = 0;
    } else group.push(item);
    lineCount += size.lines.length;
    textLength += size.textLength;
  }
  return groups;
}

/** A batch as batches that fit; the place belongs to the last of them. */
function splitLarge(item: LogItem): readonly LogItem[] {
  if (item.kind !== 'lines' || fits(item.batch)) return [item];
  const { lines, place } = item.batch;
  const parts: LogLine[][] = [[]];
  let textLength = 0;
  for (const line of lines) {
    const part = parts.at(-1) ?? [];
    textLength += line.text.length + 1;
    const isFull = part.length >= LIMITS.maxLinesPerFrame || textLength > MAX_TEXT_LENGTH;
    if (isFull && part.length > 0) {
      parts.push([line]);
      textLength = line.text.length + 1;
    } else part.push(line);
  }
  return parts.map((part, index) => ({
    kind: 'lines',
    batch: {
      lines: part,
      textLength: part.reduce((sum, { text }) => sum + text.length + 1, 0),
      ...(place && index === parts.length - 1 && { place }),
    },
  }));
}

function fits({ lines, textLength }: LogBatch): boolean {
  return lines.length <= 1 || (lines.length <= LIMITS.maxLinesPerFrame && textLength <= MAX_TEXT_LENGTH);
}
