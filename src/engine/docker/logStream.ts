import type { Readable } from 'node:stream';
import { deferred } from '../../base/async';
import { messageOf } from '../../base/errors';
import { FrameReader } from '../../model/logFraming';
import { LineAssembler, type LineHandlers, type PartStamps } from '../../model/logLines';
import { TtyRecordReader } from '../../model/logTty';
import { EngineError } from '../engine';
import { decodeUtf8 } from './utf8';

export interface LogForm {
  /** Without frames, as the log of a container with a terminal is. */
  readonly hasTerminal: boolean;
  readonly partStamps: PartStamps;
}

/**
 * Reads an opened log to its end, at the speed of the engine: a reader that lags makes the engine drop lines.
 *
 * @returns when the engine ended the log; unterminated text was handed on as a line by then
 * @throws EngineError `connectionLost` when it broke off, `badResponse` when it is no log. What came after the last
 * complete line is dropped then, because it comes again when the log is read on from that line.
 */
export function readLogStream(stream: Readable, form: LogForm, handlers: LineHandlers): Promise<void> {
  const done = deferred<undefined>();
  const lines = new LineAssembler(handlers, decodeUtf8, form.partStamps);
  const records = form.hasTerminal ? terminalRecords(lines) : framedRecords(lines);
  stream.on('data', (chunk: Buffer) => {
    try {
      records.push(chunk);
    } catch (error) {
      done.reject(
        new EngineError('badResponse', `The log can't be read: ${messageOf(error)}`, { cause: error }),
      );
      stream.destroy();
    }
  });
  stream.on('end', () => {
    if (!records.end()) return;
    lines.end();
    done.resolve(undefined);
  });
  stream.on('error', (error) => done.reject(brokeOff(error)));
  // After `end` the promise is settled and this changes nothing.
  stream.on('close', () => done.reject(brokeOff()));
  return done.promise;
}

interface RecordReader {
  push(chunk: Uint8Array): void;
  /** Whether the bytes so far are whole. */
  end(): boolean;
}

function framedRecords(lines: LineAssembler): RecordReader {
  const reader = new FrameReader((type, buffer, start, end) => lines.pushRecord(type, buffer, start, end));
  return { push: (chunk) => reader.push(chunk), end: () => !reader.isMidFrame };
}

function terminalRecords(lines: LineAssembler): RecordReader {
  const reader = new TtyRecordReader((buffer, start, end) => lines.pushRecord('stdout', buffer, start, end));
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
