/**
 * The whole of `rig -- commands`: commands to containers of a fake engine behind an agent, while the connection to that
 * agent is cut again and again and the agent is killed. The engine counts what was executed.
 */
import { atEnd } from '../../../scripts/lib/processes.mjs';
import { EngineError, type ContainerCommand, type ContainerEngine } from '../../../src/engine/engine';
import { FakeEngine, type PersonalityName } from '../../doubles/fakeEngine/fakeEngine';
import { seededRandom } from '../../support/random';
import { FaultProxy } from '../proxy/faultProxy';
import { until } from '../wait';
import { CommandLedger, type CommandCounts, type Outcome } from './commandLedger';
import { RigAgent } from './rigAgent';

export interface CommandsRigOptions {
  readonly seed: number;
  readonly cuts: number;
  readonly agentKills: number;
  readonly personality: PersonalityName;
  readonly say?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** What `rig -- commands --json` prints. */
export interface CommandsReport extends CommandCounts {
  readonly cuts: number;
  readonly agentKills: number;
  readonly seconds: number;
  readonly seed: number;
}

const CONTAINERS = 4;
const PATIENCE_MS = 50;
const CONNECT_TIMEOUT_MS = 30_000;
/** More than a command, its responses and the news it makes. */
const LONGEST_CUT_BYTES = 4_000;
const LONGEST_HALF_OPEN_MS = 300;

export async function runCommandsRig(options: CommandsRigOptions): Promise<CommandsReport> {
  const random = seededRandom(options.seed);
  const startedAtMs = performance.now();
  const fake = await new FakeEngine({ personality: options.personality, seed: options.seed }).listen();
  const { socketPath: engineSocketPath } = fake;
  const agent = await RigAgent.start({ socketPath: engineSocketPath });
  const proxy = await FaultProxy.open({ engineSocketPath, transport: 'tcp', random, port: agent.port });
  const reader = agent.openReader(proxy.dockerHost);
  const close = atEnd(async () => {
    reader.dispose();
    await proxy.dispose();
    await agent.dispose();
    await fake.dispose();
  });
  try {
    const run = new CommandsRun(options, { fake, agent, proxy, reader, random });
    await run.allSteps();
    const seconds = Math.round((performance.now() - startedAtMs) / 100) / 10;
    return { ...run.ledger.count(fake.requests), ...run.applied, seconds, seed: options.seed };
  } finally {
    await close();
  }
}

interface Parts {
  readonly fake: FakeEngine;
  readonly agent: RigAgent;
  readonly proxy: FaultProxy;
  readonly reader: ContainerEngine;
  readonly random: () => number;
}

class CommandsRun {
  readonly ledger = new CommandLedger();
  readonly applied = { cuts: 0, agentKills: 0 };
  private readonly ids: readonly string[];
  private readonly killSteps = new Set<number>();
  private commandCount = 0;

  constructor(
    private readonly options: CommandsRigOptions,
    private readonly parts: Parts,
  ) {
    this.ids = Array.from({ length: CONTAINERS }, (_, index) => parts.fake.run({ name: `c${index}` }).id);
    while (this.killSteps.size < Math.min(options.agentKills, options.cuts))
      this.killSteps.add(Math.floor(parts.random() * options.cuts));
  }

  async allSteps(): Promise<void> {
    const { reader } = this.parts;
    reader.connect();
    const person = setInterval(() => reader.retryNow(), PATIENCE_MS);
    try {
      for (let step = 0; step < this.options.cuts && this.options.signal?.aborted !== true; step++) {
        if (step % 100 === 0) this.options.say?.(`step ${step} of ${this.options.cuts}`);
        await this.step(this.killSteps.has(step));
      }
    } finally {
      clearInterval(person);
    }
  }

  /** A command for each container, and a fault while they are under way. */
  private async step(isKill: boolean): Promise<void> {
    const isReady = (): boolean => this.parts.reader.connection.kind === 'ready';
    if (!(await until(isReady, CONNECT_TIMEOUT_MS))) throw new Error('The reader does not come back.');
    const faults = [this.cut()];
    const commands = this.ids.map((id) => this.perform(id));
    if (isKill) faults.push(this.kill());
    await Promise.all([...commands, ...faults]);
    // Commands may all have been answered before enough bytes had passed.
    this.parts.proxy.cutAll();
    this.applied.cuts++;
  }

  private async cut(): Promise<void> {
    const { proxy, random } = this.parts;
    const connection = proxy.connections.at(-1);
    const bytes = 1 + Math.floor(LONGEST_CUT_BYTES * random() ** 2);
    const kind = random();
    if (kind < 0.4) connection?.cutAfter('down', bytes);
    else if (kind < 0.8) connection?.cutAfter('up', bytes);
    else {
      connection?.hold();
      await new Promise((resolve) => setTimeout(resolve, random() * LONGEST_HALF_OPEN_MS));
      connection?.cut();
    }
  }

  private async kill(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.parts.random() * 10));
    await this.parts.agent.kill();
    this.applied.agentKills++;
  }

  private async perform(id: string): Promise<void> {
    const name = `n${++this.commandCount}`;
    this.ledger.add(name, await this.outcome({ kind: 'rename', id, name }));
  }

  private async outcome(command: ContainerCommand): Promise<Outcome> {
    try {
      await this.parts.reader.perform(command);
      return 'done';
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (error.code !== 'outcomeUnknown') this.options.say?.(`${error.code}: ${error.message}`);
      return error.code === 'outcomeUnknown' ? 'unknown' : 'refused';
    }
  }
}
