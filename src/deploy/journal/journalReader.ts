import { open, type FileHandle } from 'node:fs/promises';
import type { Deployment } from '../../model/deployment';
import { readRecord, type Intent, type JournalOpening, type JournalRecord } from './journalRecord';

const CHUNK_BYTES = 256 * 1024;
/** Longer than any line that is written. */
const LONGEST_CHUNK_BYTES = 64 * CHUNK_BYTES;
const NEWLINE = 0x0a;

/** Reads a journal from where it stopped last, however often; what is not complete yet is left for the next time. */
export class JournalReader {
  /** Where the last complete line that was read ends: half a line may be cut off again. */
  private position = 0;

  constructor(private readonly path: string) {}

  get completeBytes(): number {
    return this.position;
  }

  /** Hands over what is new, some hundreds of lines at a time. Rejects with the system's error. */
  async read(take: (records: readonly JournalRecord[]) => boolean): Promise<void> {
    const handle = await open(this.path, 'r');
    try {
      for (let chunkBytes = CHUNK_BYTES; chunkBytes <= LONGEST_CHUNK_BYTES;) {
        const chunk = await this.readChunk(handle, chunkBytes);
        if (chunk.records.length > 0 && !take(chunk.records)) return;
        if (chunk.isLast) return;
        // A line that is longer than the chunk.
        if (!chunk.hasLines) chunkBytes *= 2;
      }
    } finally {
      await handle.close();
    }
  }

  private async readChunk(handle: FileHandle, chunkBytes: number): Promise<Chunk> {
    const buffer = Buffer.alloc(chunkBytes);
    const { bytesRead } = await handle.read(buffer, 0, chunkBytes, this.position);
    const bytes = buffer.subarray(0, bytesRead);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    this.position += end;
    const lines = bytes.toString('utf8', 0, end).split('\n');
    const records = lines.map(readRecord).filter((record) => record !== undefined);
    return { records, hasLines: end > 0, isLast: bytesRead < chunkBytes };
  }
}

interface Chunk {
  readonly records: readonly JournalRecord[];
  readonly hasLines: boolean;
  readonly isLast: boolean;
}

/** All that matters of a journal but its log. */
export interface JournalSummary {
  readonly opening: JournalOpening | undefined;
  readonly deployment: Deployment | undefined;
  /** The latest of each step. */
  readonly intents: readonly Intent[];
  /** Of the last entry. */
  readonly sequence: number;
  /** Where the last line that can be read ends. */
  readonly completeBytes: number;
}

export async function summarize(path: string): Promise<JournalSummary> {
  const reader = new JournalReader(path);
  let opening: JournalOpening | undefined;
  let deployment: Deployment | undefined;
  let sequence = 0;
  const intents: Intent[] = [];
  await reader.read((records) => {
    for (const record of records) {
      if (record.kind === 'open') opening = record;
      else if (record.kind === 'intent') intents.push(record.intent);
      else {
        sequence = record.sequence;
        if (record.kind === 'state') deployment = record.deployment;
      }
    }
    return true;
  });
  return { opening, deployment, intents, sequence, completeBytes: reader.completeBytes };
}

/** Of a journal whose deployment is over: its last state, read from the end. */
export async function readLastState(path: string): Promise<Deployment | undefined> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - CHUNK_BYTES);
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n').reverse();
    for (const line of lines) {
      const record = line === '' ? undefined : readRecord(line);
      if (record?.kind === 'state') return record.deployment;
    }
  } finally {
    await handle.close();
  }
  return (await summarize(path)).deployment;
}
