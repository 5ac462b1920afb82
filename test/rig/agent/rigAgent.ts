import type { ContainerEngine } from '../../../src/engine/engine';
import { openRemoteEngine, PairedAgent } from '../../support/pairedAgent';
import type { RigEngine } from '../engines/rigEngine';

/** The agent between the reader and the engine: its own process, which can be killed. */
export class RigAgent {
  private constructor(private readonly agent: PairedAgent) {}

  static async start({ socketPath }: Pick<RigEngine, 'socketPath'>): Promise<RigAgent> {
    return new RigAgent(await PairedAgent.start(`unix://${socketPath}`));
  }

  get port(): number {
    return this.agent.port;
  }

  /** Ends it with SIGKILL and starts it again on the same port. */
  kill(): Promise<void> {
    return this.agent.crash();
  }

  /** @param address of the proxy before the agent, as `tcp://HOST:PORT` */
  openReader(address: string): ContainerEngine {
    return openRemoteEngine(this.agent.pairing(Number(new URL(address).port)));
  }

  dispose(): Promise<void> {
    return this.agent.dispose();
  }
}
