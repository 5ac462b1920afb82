import { FakeEngine, type FakeEngineOptions } from '../doubles/fakeEngine/fakeEngine';
import { startTestAgent, type TestAgent, type TestAgentOptions, type TestToken } from '../support/agent';
import { RawClient, type RawOptions, type RawTarget } from './rawClient';

export type AgentWishes = Omit<TestAgentOptions, 'engineSocket'>;

/** A fake engine with an agent before it, and raw clients; all of them end with the test. */
export class AgentFixture {
  private readonly clients: RawClient[] = [];

  private constructor(
    readonly engine: FakeEngine,
    readonly agent: TestAgent,
  ) {}

  static async make(
    wishes: AgentWishes = {},
    engineOptions: Partial<FakeEngineOptions> = {},
  ): Promise<AgentFixture> {
    const engine = await new FakeEngine({ personality: '29', ...engineOptions }).listen();
    return new AgentFixture(engine, await startTestAgent({ engineSocket: engine.socketPath, ...wishes }));
  }

  get target(): RawTarget {
    return this.targetOf({ text: this.agent.tokenSecret });
  }

  targetOf({ text }: Pick<TestToken, 'text'>): RawTarget {
    return { url: this.agent.url, token: text, key: this.agent.fingerprint };
  }

  /** A client that has a session and knows the containers. */
  async open(target = this.target, resume?: object): Promise<RawClient> {
    const client = this.connect(target);
    await client.authenticate();
    await client.openSession(resume);
    await client.containersKnown();
    return client;
  }

  /** A client that is connected, perhaps. */
  connect(target = this.target, options: RawOptions = {}): RawClient {
    const client = new RawClient(target, options);
    this.clients.push(client);
    return client;
  }

  /** The former client comes back on a new connection. */
  async comeBack(former: RawClient, streams?: readonly number[]): Promise<RawClient> {
    const client = this.connect(former.target);
    client.continues(former);
    await client.authenticate();
    await client.openSession(former.resumption(streams));
    return client;
  }

  async dispose(): Promise<void> {
    for (const client of this.clients) client.cut();
    await this.agent.dispose();
    await this.engine.dispose();
  }
}
