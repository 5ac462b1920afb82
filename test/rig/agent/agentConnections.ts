import type { ContainerEngine } from '../../../src/engine/engine';
import type { LogSource } from '../faults/logConnections';
import type { FaultProxy } from '../proxy/faultProxy';
import type { ProxyConnection } from '../proxy/proxyConnection';
import { until } from '../wait';

/** A reader that is alive connects again within this time. */
const REOPEN_TIMEOUT_MS = 20_000;

/** All logs are on the one connection between the reader and its agent, and nobody outside can tell them apart. */
export class AgentConnections implements LogSource {
  private isHeld = false;

  constructor(
    private readonly proxy: FaultProxy,
    private readonly reader: ContainerEngine,
  ) {
    proxy.onDidOpen((connection) => {
      if (this.isHeld) connection.hold();
    });
  }

  /** The connection, once everything goes on over it. */
  async awaited(): Promise<ProxyConnection | undefined> {
    const isUp = (): boolean => this.latest !== undefined && this.reader.connection.kind === 'ready';
    await until(isUp, REOPEN_TIMEOUT_MS);
    return this.latest;
  }

  async next(_id: string, act: (connection: ProxyConnection) => void): Promise<ProxyConnection | undefined> {
    let found: ProxyConnection | undefined;
    const listener = this.proxy.onDidOpen((connection) => {
      if (found) return;
      found = connection;
      act(connection);
    });
    await until(() => found !== undefined, REOPEN_TIMEOUT_MS);
    listener.dispose();
    return found;
  }

  hold(): void {
    this.isHeld = true;
    for (const connection of this.proxy.connections) connection.hold();
  }

  release(): void {
    this.isHeld = false;
    this.proxy.cutAll();
  }

  private get latest(): ProxyConnection | undefined {
    return this.proxy.connections.filter(({ isOpen }) => isOpen).at(-1);
  }
}
