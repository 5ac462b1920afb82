import { deferred } from '../../base/async';
import { messageOf } from '../../base/errors';
import type { Disposable } from '../../base/lifecycle';
import { systemTurns, type Turns } from '../../base/turns';
import type { LogLine } from '../../model/log';
import { FrameReader } from '../../model/logFraming';
import { LineAssembler, type LineHandlers, type PartStamps, type Utf8Decoder } from '../../model/logLines';
import { RunInDoubtError, TtyRecordReader } from '../../model/logTty';
import { EngineError } from '../engine';
import { ChunkDecoder } from './chunkDecoder';
import type { HeldStream } from './heldStream';

export interface LogForm {
  /** Without frames, as the log of a container with a terminal is. */
  readonly hasTerminal: boolean;
  readonly partStamps: PartStamps;
  /** When runs of the container began, as far as it is known, the present one last. */
  readonly runStarts: readonly string[];
  /** The present run lasts as long as the log is being read. */
  readonly isRunSure: boolean;
}

interface Waiting extends Disposable {
  readonly chunk: Buffer;
}

interface RecordReader {
  push(chunk: Uint8Array): void;
  /** Whether the bytes so far are whole. */
  end(): boolean;
}

/**
 * Reads an opened log at the speed of the engine, because a reader that lags makes the engine drop lines; but many logs
 * share the event loop, each waiting for its turn.
 */
export class LogReading {
  private readonly ended = deferred<undefined>();
  private readonly decoder = new ChunkDecoder();
  private readonly lines: LineAssembler;
  private readonly records: RecordReader;
  private engineMessage: string | undefined;
  /** What came when the turn was over. */
  private waiting: Waiting | undefined;

  constructor(
    private readonly stream: HeldStream,
    form: LogForm,
    handlers: LineHandlers,
    private readonly turns: Turns = systemTurns,
  ) {
    const noting: LineHandlers = {
      line: (line) => handlers.line(line),
      engineMessage: (text) => {
        this.engineMessage = text;
        handlers.engineMessage(text);
      },
    };
    const decode: Utf8Decoder = (bytes, start, end) => this.decoder.decode(bytes, start, end);
    this.lines = new LineAssembler(noting, decode, form.partStamps, form.runStarts);
    this.records = form.hasTerminal ? terminalRecords(this.lines, form) : framedRecords(this.lines);
    const { readable } = stream;
    readable.on('data', (chunk: Buffer) => this.take(chunk));
    readable.on('end', () => this.end());
    readable.on('error', (error) => this.breakOff(error));
    // After `end` the promise is settled and this changes nothing.
    readable.on('close', () => this.breakOff());
  }

  /**
   * Resolves when the engine ended the log. Rejects with an EngineError: `connectionLost` when it broke off,
   * `badResponse` when it is no log, `engineFailure` when the engine wrote a message of its own into it and stopped, as
   * it does when it can't read on. Or with a {@link RunInDoubtError}.
   */
  get done(): Promise<void> {
    return this.ended.promise;
  }

  /**
   * What came without a line ending. It is a line if the log is complete; the followed log of a container is not, even
   * at its end, because engines end it a little before the container's last lines are in it.
   */
  unterminated(): readonly LogLine[] {
    return this.lines.unterminated();
  }

  /** The oldest timestamp among the lines of which only parts have come. */
  get oldestPartial(): string | undefined {
    return this.lines.oldestPartial;
  }

  private take(chunk: Buffer): void {
    // Nothing should come while it waits; what comes all the same comes after it.
    this.takeWaiting();
    if (this.turns.hasTime) this.push(chunk);
    else this.waiting = this.waitWith(chunk);
  }

  private waitWith(chunk: Buffer): Waiting {
    const hold = this.stream.hold();
    const turn = this.turns.later(() => this.takeWaiting());
    return {
      chunk,
      dispose: () => {
        turn.dispose();
        hold.dispose();
      },
    };
  }

  private takeWaiting(): void {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting) this.push(waiting.chunk);
    waiting?.dispose();
  }

  private breakOff(error?: Error): void {
    this.takeWaiting();
    this.ended.reject(brokeOff(error));
  }

  private push(chunk: Buffer): void {
    this.decoder.begin(chunk);
    try {
      this.records.push(chunk);
    } catch (error) {
      this.fail(error);
    } finally {
      this.decoder.end();
    }
  }

  private end(): void {
    // A stream tells of its end also while it is held, when nothing but that is left.
    this.takeWaiting();
    try {
      if (!this.records.end()) return;
    } catch (error) {
      this.fail(error);
    }
    if (this.engineMessage === undefined) this.ended.resolve(undefined);
    else this.ended.reject(new EngineError('engineFailure', this.engineMessage));
  }

  private fail(error: unknown): void {
    const message = `The log can't be read: ${messageOf(error)}`;
    const isDoubt = error instanceof RunInDoubtError;
    this.ended.reject(isDoubt ? error : new EngineError('badResponse', message, { cause: error }));
    this.stream.dispose();
  }
}

function framedRecords(lines: LineAssembler): RecordReader {
  const reader = new FrameReader((type, buffer, start, end) => lines.pushRecord(type, buffer, start, end));
  return { push: (chunk) => reader.push(chunk), end: () => !reader.isMidFrame };
}

function terminalRecords(lines: LineAssembler, { runStarts, isRunSure }: LogForm): RecordReader {
  const reader = new TtyRecordReader((buffer, start, end) => lines.pushRecord('stdout', buffer, start, end), {
    startedAt: runStarts.at(-1) ?? '',
    isSure: isRunSure,
  });
  return {
    push: (chunk) => reader.push(chunk),
    end: () => {
      reader.end();
      return true;
    },
  };
}

function brokeOff(cause?: Error): EngineError {
  return new EngineError('connectionLost', 'The connection broke while the log was read.', { cause });
}
