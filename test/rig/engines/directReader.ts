import { request, type IncomingMessage } from 'node:http';
import type { ContainerId } from '../../../src/model/container';
import type { LogStream } from '../../../src/model/log';
import type { PartStamps } from '../../../src/model/logLines';
import { parseOracleLine } from '../oracle/oracleLine';
import type { Position } from '../oracle/position';
import type { StoredLine } from '../oracle/truth';
import { StoredRecords } from './storedRecords';

const TIMEOUT_MS = 60_000;

/**
 * Reads a container's log straight from the engine, beside the proxy and without any of the code under test: what it
 * says is the truth that the reader is measured by.
 */
export class DirectReader {
  constructor(
    private readonly socketPath: string,
    private readonly containerId: ContainerId,
    private readonly hasTerminal: boolean,
    private readonly partStamps: PartStamps,
  ) {}

  /** The lines of the newest `tail` records, or all. */
  async readLines(tail: number | 'all', onLine: (line: StoredLine) => void): Promise<void> {
    const records = new StoredRecords(this.hasTerminal, this.partStamps, onLine);
    const response = await this.open(`stdout=1&stderr=1&timestamps=1&tail=${tail}`);
    for await (const chunk of response) records.push(chunk as Buffer);
    records.end();
  }

  /** The oldest whole line of one stream that the engine still has; `undefined` when it has none. */
  async oldest(stream: LogStream): Promise<Position | undefined> {
    let oldest: Position | undefined;
    const records = new StoredRecords(this.hasTerminal, this.partStamps, (line) => {
      if (line.stream === stream) oldest ??= parseOracleLine(line.text);
    });
    for await (const chunk of await this.open(`${stream}=1&timestamps=1`)) {
      records.push(chunk as Buffer);
      if (oldest) break;
    }
    if (!oldest) records.end();
    return oldest;
  }

  private open(query: string): Promise<IncomingMessage> {
    const { socketPath } = this;
    const path = `/containers/${this.containerId}/logs?${query}`;
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath, path, agent: false, timeout: TIMEOUT_MS }, (response) => {
        if (response.statusCode === 200) resolve(response);
        else reject(new Error(`${path}: HTTP ${response.statusCode ?? 0}`));
      });
      outgoing.once('timeout', () => outgoing.destroy(new Error(`${path}: no answer`)));
      outgoing.once('error', reject);
      outgoing.end();
    });
  }
}
