import { Emitter } from '../../base/emitter';
import { DisposableStore, toDisposable } from '../../base/lifecycle';
import {
  EngineError,
  type ContainerCommand,
  type ContainerEngine,
  type ContainersChange,
  type EngineCapabilities,
  type EngineConnection,
  type ExecSession,
  type LogFollow,
  type TerminalSize,
} from '../../engine/engine';
import type { Event } from '../../base/emitter';
import type { Container, ContainerId } from '../../model/container';
import type { LogRequest, LogSink } from '../../model/log';
import { withoutEnvironment } from './inspectView';
import { mayDo, seesEnvironment, type Action, type Rights } from './permissions';
import { isInScope } from './scope';
import { ScopedMetrics } from './scopedMetrics';
import { ScopedFollow } from './scopedFollow';

/**
 * An engine as somebody with these rights sees it. What is outside the scope does not exist here: it is in no list and no
 * change, and asking for it gives `noSuchContainer`, the same as for an id that nobody has. What the role does not allow
 * gives `forbidden`, whatever the id, so that this answer tells nothing either.
 *
 * Containers are known by their full ids only. The engine would also resolve names and beginnings of ids, among all its
 * containers; nothing but the id of a visible container ever gets to it from here.
 *
 * Several of these share one engine: disposing one leaves the engine alone, and ends the logs followed through it. An exec
 * session is for whoever got it to end.
 */
export class ScopedEngine implements ContainerEngine {
  private readonly store = new DisposableStore();
  private readonly didChangeContainers = this.store.add(new Emitter<ContainersChange>());
  private visible: Map<ContainerId, Container> | undefined;

  readonly onDidChangeContainers = this.didChangeContainers.event;
  readonly capabilities: EngineCapabilities;
  readonly metrics?: ScopedMetrics;

  constructor(
    private readonly engine: ContainerEngine,
    readonly rights: Rights,
  ) {
    this.capabilities = {
      ...engine.capabilities,
      lifecycle: engine.capabilities.lifecycle && mayDo(rights, 'stop'),
      exec: engine.capabilities.exec && mayDo(rights, 'exec'),
    };
    if (engine.metrics) this.metrics = this.store.add(new ScopedMetrics(engine.metrics, this, rights));
    this.lookAtAll();
    this.store.add(engine.onDidChangeContainers((change) => this.takeChange(change)));
  }

  get connection(): EngineConnection {
    return this.engine.connection;
  }

  get onDidChangeConnection(): Event<EngineConnection> {
    return (listener) => {
      const subscription = this.store.add(this.engine.onDidChangeConnection(listener));
      return toDisposable(() => this.store.delete(subscription));
    };
  }

  get containers(): ReadonlyMap<ContainerId, Container> | undefined {
    return this.rights.scope === undefined ? this.engine.containers : this.visible;
  }

  connect(): void {
    this.engine.connect();
  }

  retryNow(): void {
    this.engine.retryNow();
  }

  /**
   * A visible container by its id, its name, or the first 12 or more digits of its id if no other visible one begins so.
   * What is not visible neither answers nor makes a beginning ambiguous.
   */
  find(idOrName: string): Container | undefined {
    const all = this.containers;
    const exact = all?.get(idOrName);
    if (exact !== undefined || all === undefined) return exact;
    const candidates = [...all.values()];
    const named = candidates.find(({ name }) => name === idOrName);
    if (named !== undefined || !ID_BEGINNING.test(idOrName)) return named;
    const [first, ...others] = candidates.filter(({ id }) => id.startsWith(idOrName));
    return others.length === 0 ? first : undefined;
  }

  async perform(command: ContainerCommand): Promise<void> {
    this.require(command.kind, command.id);
    await this.engine.perform(command);
  }

  async inspect(id: ContainerId): Promise<unknown> {
    this.require('inspect', id);
    const description = await this.engine.inspect(id);
    return seesEnvironment(this.rights) ? description : withoutEnvironment(description);
  }

  followLog(id: ContainerId, request: LogRequest, sink: LogSink): LogFollow {
    const follow = this.beginFollow(id, request, sink);
    this.store.add(follow);
    return toDisposable(() => this.store.delete(follow));
  }

  async exec(id: ContainerId, command: readonly string[], size: TerminalSize): Promise<ExecSession> {
    this.require('exec', id);
    const session = await this.engine.exec(id, command, size);
    // What was allowed when it was asked for need not be any more: somebody may have been signed out meanwhile.
    if (!this.store.isDisposed) return session;
    session.dispose();
    throw new EngineError('connectionLost', 'The connection was closed.');
  }

  dispose(): void {
    this.store.dispose();
  }

  private beginFollow(id: ContainerId, request: LogRequest, sink: LogSink): LogFollow {
    if (!mayDo(this.rights, 'logs')) return failLater(sink, forbidden('logs'));
    if (this.rights.scope === undefined && isFullId(id)) return this.engine.followLog(id, request, sink);
    return new ScopedFollow({ engine: this.engine, seen: this, id, request, sink });
  }

  /** The role is looked at first: its answer must not depend on which containers there are. */
  private require(action: Action, id: ContainerId): void {
    if (!mayDo(this.rights, action)) throw forbidden(action);
    if (this.containers === undefined) {
      throw new EngineError('connectionLost', 'The engine is not connected yet.');
    }
    const isKnown = this.rights.scope === undefined ? isFullId(id) : this.visible?.has(id) === true;
    if (!isKnown) throw noSuchContainer();
  }

  private lookAtAll(): void {
    const { scope } = this.rights;
    const { containers } = this.engine;
    if (scope === undefined || containers === undefined) return;
    this.visible = new Map([...containers].filter(([, container]) => isInScope(scope, container)));
  }

  private takeChange(change: ContainersChange): void {
    if (this.rights.scope === undefined) {
      this.didChangeContainers.fire(change);
    } else if (change.kind === 'listed') {
      this.lookAtAll();
      this.didChangeContainers.fire(change);
    } else {
      this.takeUpdate(change.containers, change.removed);
    }
  }

  /** A container that leaves the scope is removed as far as anybody here can tell, one that enters it is new. */
  private takeUpdate(changed: readonly Container[], removedIds: readonly ContainerId[]): void {
    const visible = (this.visible ??= new Map<ContainerId, Container>());
    const removed = removedIds.filter((id) => visible.delete(id));
    const containers: Container[] = [];
    for (const container of changed) {
      if (isInScope(this.rights.scope, container)) {
        visible.set(container.id, container);
        containers.push(container);
      } else if (visible.delete(container.id)) {
        removed.push(container.id);
      }
    }
    if (containers.length === 0 && removed.length === 0) return;
    this.didChangeContainers.fire({ kind: 'updated', containers, removed });
  }
}

const ID_BEGINNING = /^[0-9a-f]{12,64}$/;

/** Nothing that an engine could take for a name or the beginning of an id. */
function isFullId(id: string): boolean {
  return /^[0-9a-f]{64}$/.test(id);
}

function forbidden(action: Action): EngineError {
  return new EngineError('forbidden', `This token may not do this (${action}).`);
}

function noSuchContainer(): EngineError {
  return new EngineError('noSuchContainer', 'No such container.');
}

/** A sink hears nothing before the call that began the following has returned. */
function failLater(sink: LogSink, error: EngineError): LogFollow {
  let isStopped = false;
  queueMicrotask(() => {
    if (!isStopped) sink.ended(error);
  });
  return toDisposable(() => (isStopped = true));
}
