import * as vscode from 'vscode';
import { DisposableStore, toDisposable } from '../../base/lifecycle';
import type { LogBatch, LogMarker } from '../../model/log';
import type { Target } from '../commands/targets';
import type { OnHostReplaced } from '../hosts/hostReplaced';

/** Receives a log that is read to its end. */
export interface LogReceiver {
  /** The log is read on when the promise resolves. */
  lines(batch: LogBatch): void | Promise<void>;
  /** Something is missing between the lines, or the engine said something. */
  remark(marker: LogMarker): void;
}

export interface ReadLogOptions {
  readonly signal: AbortSignal;
  readonly onHostReplaced: OnHostReplaced;
}

/**
 * Reads all a container's engine has of its log, and no further. Rejects with what kept it from that, or what the
 * receiver failed with.
 *
 * @returns whether it came to the end; false when it was aborted
 */
export function readWholeLog(
  { host, container }: Target,
  receiver: LogReceiver,
  { signal, onHostReplaced }: ReadLogOptions,
): Promise<boolean> {
  const store = new DisposableStore();
  return new Promise<boolean>((resolve, reject) => {
    const abort = (): void => resolve(false);
    signal.addEventListener('abort', abort);
    store.add(toDisposable(() => signal.removeEventListener('abort', abort)));
    const replaced = (): void =>
      reject(new Error(vscode.l10n.t('the host is connected to another engine now')));
    store.add(onHostReplaced(host, replaced));
    if (signal.aborted) abort();
    const follow = host.engine.followLog(
      container.id,
      { tail: 'all', follow: false },
      {
        lines: (batch) => receiver.lines(batch),
        marker: (marker) => {
          if (marker.kind === 'gap' || marker.kind === 'engineMessage') receiver.remark(marker);
        },
        ended: (error) => (error === undefined ? resolve(true) : reject(error)),
      },
    );
    store.add(follow);
  }).finally(() => store.dispose());
}
