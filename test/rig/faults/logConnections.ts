import type { ContainerId } from '../../../src/model/container';
import type { FaultProxy } from '../proxy/faultProxy';
import type { ProxyConnection } from '../proxy/proxyConnection';
import { until } from '../wait';

/** A reader that is alive asks again within this time. */
const REOPEN_TIMEOUT_MS = 20_000;

const LOG = /\/containers\/([0-9a-f]+)\/logs\?/;

/** The container whose log is followed on a connection; a look into a log that ends by itself is none. */
export function containerOfLog({ request }: ProxyConnection): ContainerId | undefined {
  return /[?&]follow=(1|true)\b/.test(request) ? LOG.exec(request)?.[1] : undefined;
}

/** The connections on which a reader follows logs. */
export interface LogSource {
  /** The one on which that log is followed, if there is one soon. */
  awaited(id: ContainerId): Promise<ProxyConnection | undefined>;
  /** The next connection for the log; `act` has it before anything has passed. */
  next(id: ContainerId, act: (connection: ProxyConnection) => void): Promise<ProxyConnection | undefined>;
  /** Nothing of that log passes any more, on whichever connection, until it is released. */
  hold(id: ContainerId): void;
  /** Cuts what was held. */
  release(id: ContainerId): void;
}

/** Finds the connections on which a reader follows logs, and keeps some of them silent. */
export class LogConnections implements LogSource {
  private readonly held = new Set<ContainerId>();

  constructor(private readonly proxy: FaultProxy) {
    proxy.onDidRequest((connection) => {
      const id = LOG.exec(connection.request)?.[1];
      if (id !== undefined && this.held.has(id)) connection.hold();
    });
  }

  /** The latest connection on which that log is asked for, if one is open. */
  of(id: ContainerId): ProxyConnection | undefined {
    return this.all(id).at(-1);
  }

  async awaited(id: ContainerId): Promise<ProxyConnection | undefined> {
    await until(() => this.of(id) !== undefined, REOPEN_TIMEOUT_MS);
    return this.of(id);
  }

  /** The next connection that asks for the log; `act` has it before anything of the request has passed. */
  async next(
    id: ContainerId,
    act: (connection: ProxyConnection) => void,
  ): Promise<ProxyConnection | undefined> {
    let found: ProxyConnection | undefined;
    const listener = this.proxy.onDidRequest((connection) => {
      if (found || containerOfLog(connection) !== id) return;
      found = connection;
      act(connection);
    });
    await until(() => found !== undefined, REOPEN_TIMEOUT_MS);
    listener.dispose();
    return found;
  }

  /** Nothing of that log passes any more, on whichever connection, until it is released. */
  hold(id: ContainerId): void {
    this.held.add(id);
    for (const connection of this.all(id)) connection.hold();
  }

  /** Cuts what was held. */
  release(id: ContainerId): void {
    this.held.delete(id);
    for (const connection of this.proxy.connections) {
      if (LOG.exec(connection.request)?.[1] === id) connection.cut();
    }
  }

  private all(id: ContainerId): ProxyConnection[] {
    return this.proxy.connections.filter(
      (connection) => connection.isOpen && containerOfLog(connection) === id,
    );
  }
}
