import { asError } from '../base/errors';
import type { Disposable } from '../base/lifecycle';
import type { DeploymentSink } from '../engine/deployments';
import { EngineError } from '../engine/engine';
import { isOver, type Deployment, type DeploymentEntry } from '../model/deployment';
import { JournalReader } from './journal/journalReader';
import type { JournalRecord } from './journal/journalRecord';

/** Reads a journal for one reader, from its place on, until the deployment is over or the reader has enough. */
export class JournalFollow implements Disposable {
  private readonly reader: JournalReader;
  private isReading = false;
  private mustReadAgain = false;
  private isDisposed = false;

  /**
   * @param after sequence of the last entry that is known already
   * @param present makes of a deployment as it was written what is known of it now
   * @param unwritten the end that could not be written
   */
  constructor(
    path: string,
    private after: number,
    private readonly sink: DeploymentSink,
    private readonly present: (deployment: Deployment) => Deployment,
    private readonly unwritten: () => Deployment | undefined,
    private readonly onEnd: () => void,
  ) {
    this.reader = new JournalReader(path);
  }

  /** There may be more to read. */
  async read(): Promise<void> {
    this.mustReadAgain = true;
    if (this.isReading) return;
    this.isReading = true;
    try {
      while (this.wantsMore()) await this.reader.read((records) => this.take(records));
      this.tellUnwritten();
    } catch (error) {
      this.end(
        new EngineError('engineFailure', 'The journal of this deployment can not be read.', {
          cause: asError(error),
        }),
      );
    } finally {
      this.isReading = false;
    }
  }

  dispose(): void {
    this.isDisposed = true;
  }

  private tellUnwritten(): void {
    const deployment = this.unwritten();
    if (!deployment || this.isDisposed) return;
    const timeMs = deployment.endedAtMs ?? deployment.createdAtMs;
    this.sink.entries([{ kind: 'state', deployment, sequence: this.after + 1, timeMs }]);
    this.end();
  }

  private wantsMore(): boolean {
    const wants = this.mustReadAgain && !this.isDisposed;
    this.mustReadAgain = false;
    return wants;
  }

  /** Whether to read on. */
  private take(records: readonly JournalRecord[]): boolean {
    if (this.isDisposed) return false;
    const entries = records
      .filter((record): record is DeploymentEntry => record.kind === 'log' || record.kind === 'state')
      .filter(({ sequence }) => sequence > this.after);
    const isEnd = records.some((record) => record.kind === 'state' && isOver(record.deployment.status));
    const last = entries.at(-1);
    if (last) {
      this.after = last.sequence;
      this.sink.entries(entries.map((entry) => this.presented(entry)));
    }
    if (isEnd) this.end();
    return !isEnd;
  }

  private presented(entry: DeploymentEntry): DeploymentEntry {
    return entry.kind === 'log' ? entry : { ...entry, deployment: this.present(entry.deployment) };
  }

  private end(error?: EngineError): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.onEnd();
    this.sink.ended(error);
  }
}
