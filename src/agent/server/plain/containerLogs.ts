import { DisposableStore, type Disposable } from '../../../base/lifecycle';
import { EngineError } from '../../../engine/engine';
import { isActive, type Container } from '../../../model/container';
import type { LogBatch, LogLine, LogMarker } from '../../../model/log';
import { LIMITS } from '../../../protocol/limits';
import { PLAIN_ERRORS, type PlainLogMessage } from '../../../protocol/plainMessages';
import type { CloseName } from '../../../protocol/closeCodes';
import { mayDo } from '../../security/permissions';
import { ScopedEngine } from '../../security/scopedEngine';
import { noteAudit, type Principal } from '../principal';
import type { Services } from '../services';
import { nowText } from '../texts';
import { cutText } from './cutText';

/** How long the engine may take to give its list. */
const ENGINE_DEADLINE_MS = 10_000;
const LOG_ENDED = 'Log stream ended';

export interface Watcher {
  send(message: PlainLogMessage): void | Promise<void>;
  fail(message: string): void;
  close(reason: CloseName): void;
}

export interface ContainerLogsOptions {
  readonly appId: string;
  readonly watcher: Watcher;
  readonly principal: Principal;
  readonly services: Services;
}

/** The log of a running container as `/ws/container/logs` shows it, until the container stops. */
export class ContainerLogs implements Disposable {
  private readonly store = new DisposableStore();
  private readonly engine: ScopedEngine;
  private isDecided = false;

  constructor(private readonly options: ContainerLogsOptions) {
    const { services, principal } = options;
    const lease = this.store.add(services.context.engine.acquire());
    this.engine = this.store.add(new ScopedEngine(lease.engine, principal.rights));
    this.store.add(this.engine.onDidChangeConnection(() => this.look()));
    this.store.add(services.clock.setTimer(() => this.tooLate(), ENGINE_DEADLINE_MS));
    this.look();
  }

  dispose(): void {
    this.store.dispose();
  }

  private look(): void {
    if (this.isDecided || this.engine.connection.kind !== 'ready') return;
    this.isDecided = true;
    const { watcher, principal, appId, services } = this.options;
    if (!mayDo(principal.rights, 'logs')) {
      watcher.fail(PLAIN_ERRORS.permissionDenied);
      return;
    }
    const container = this.engine.find(appId);
    if (container === undefined) watcher.fail(PLAIN_ERRORS.notFound);
    else if (!isActive(container)) watcher.fail(PLAIN_ERRORS.notRunning);
    else this.follow(container);
    noteAudit(services.context.audit, principal, {
      action: 'logs',
      result: container === undefined ? 'failed' : 'done',
      ...(container && { containerId: container.id, containerName: container.name }),
    });
  }

  private tooLate(): void {
    if (this.isDecided) return;
    this.isDecided = true;
    const { connection } = this.engine;
    const isForbidden = connection.kind === 'waiting' && connection.failure.code === 'permissionDenied';
    this.options.watcher.fail(isForbidden ? PLAIN_ERRORS.permissionDenied : PLAIN_ERRORS.timeout);
  }

  private follow({ id, name, state, statusText }: Container): void {
    const { watcher } = this.options;
    const data = { container: name, state, status: statusText };
    void watcher.send({ type: 'status', timestamp: nowText(), data });
    const request = { tail: LIMITS.plainTailLines, follow: true };
    this.store.add(
      this.engine.followLog(id, request, {
        lines: (batch) => this.sendLines(batch),
        marker: (marker) => this.takeMarker(marker),
        ended: (error) => this.ended(error),
      }),
    );
  }

  private sendLines({ lines }: LogBatch): void | Promise<void> {
    let waiting: void | Promise<void> = undefined;
    for (const line of lines) waiting = this.sendLine(line) ?? waiting;
    return waiting;
  }

  private sendLine({ timestamp, text }: LogLine): void | Promise<void> {
    let waiting: void | Promise<void> = undefined;
    for (const line of cutText(text, LIMITS.plainMaxLineBytes)) {
      const stamp = timestamp === '' ? nowText() : timestamp;
      waiting = this.options.watcher.send({ type: 'log', timestamp: stamp, data: { line } }) ?? waiting;
    }
    return waiting;
  }

  private takeMarker({ kind }: LogMarker): void {
    if (kind === 'stopped' || kind === 'removed') this.end();
  }

  private ended(error: Error | undefined): void {
    if (error === undefined) this.end();
    else if (error instanceof EngineError && error.code === 'noSuchContainer') this.end();
    else this.options.watcher.fail(error.message);
  }

  private end(): void {
    const { watcher } = this.options;
    void watcher.send({ type: 'end', timestamp: nowText(), data: { message: LOG_ENDED } });
    watcher.close('normal');
  }
}
