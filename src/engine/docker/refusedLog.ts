import { toDisposable } from '../../base/lifecycle';
import type { LogSink } from '../../model/log';
import { EngineError, type LogFollow } from '../engine';

/** A log that can't be read as it was asked for: it ends at once, with why. */
export function refusedLog(reason: string, sink: LogSink): LogFollow {
  let isStopped = false;
  queueMicrotask(() => {
    if (!isStopped) sink.ended(new EngineError('badRequest', reason));
  });
  return toDisposable(() => (isStopped = true));
}
