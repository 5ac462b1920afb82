import { DisposableStore } from '../../src/base/lifecycle';
import type { EngineError } from '../../src/engine/engine';
import { RemoteEngine, type RemoteEngineOptions } from '../../src/engine/remote/remoteEngine';
import type { LogLine, LogPlace } from '../../src/model/log';
import { hashText } from '../../src/model/logHash';
import type { LogItem } from '../../src/protocol/logFrames';
import { FakeClock } from '../doubles/fakeClock';
import { eventually } from './eventually';
import {
  ScriptedAgent,
  type EstablishedWish,
  type ScriptedConnection,
  type ScriptedOptions,
} from './scriptedAgent';

/** Less than the silence after which a client asks whether anybody is there. */
const STEP_MS = 10_000;

export const ID = 'a'.repeat(64);

/** A client before an agent that says what the test says. Its time passes only when told to. */
export class RemoteFixture {
  readonly clock = new FakeClock(1_800_000_000_000);
  readonly store = new DisposableStore();
  readonly engine: RemoteEngine;
  /** What the client has to say to people who look for trouble. */
  readonly logged: string[] = [];

  private constructor(
    readonly agent: ScriptedAgent,
    options: Partial<RemoteEngineOptions>,
  ) {
    this.engine = new RemoteEngine({
      access: () => Promise.resolve(agent.pairing),
      log: (_level, message) => this.logged.push(message),
      clientVersion: 'test',
      clock: this.clock,
      random: () => 0,
      ...options,
    });
  }

  static async start(
    scripted: ScriptedOptions = {},
    options: Partial<RemoteEngineOptions> = {},
  ): Promise<RemoteFixture> {
    return new RemoteFixture(await ScriptedAgent.start(scripted), options);
  }

  async dispose(): Promise<void> {
    this.store.dispose();
    this.engine.dispose();
    await this.agent.dispose();
  }

  get failure(): EngineError | undefined {
    const { connection } = this.engine;
    return connection.kind === 'waiting' ? connection.failure : undefined;
  }

  /** Connects, and has the agent do its part. */
  async connected(wish: EstablishedWish = {}): Promise<ScriptedConnection> {
    this.engine.connect();
    const connection = await this.agent.connection(this.agent.connections.length + 1);
    await connection.open(wish);
    await this.becomes('ready');
    return connection;
  }

  /** Tries again at once; the agent has not said anything yet. */
  async reconnecting(): Promise<ScriptedConnection> {
    const number = this.agent.connections.length + 1;
    await this.becomes('waiting');
    this.engine.retryNow();
    return this.agent.connection(number);
  }

  /** Lets time pass over a connection that is alive. */
  async pass(connection: ScriptedConnection, byMs: number): Promise<void> {
    for (let leftMs = byMs; leftMs > 0; leftMs -= STEP_MS) {
      this.clock.advance(Math.min(leftMs, STEP_MS));
      const count = this.logged.length;
      connection.event('system', 'error', { code: 'internal', message: 'still here' });
      await eventually('a sign of life', () => this.logged.length > count, 5_000);
    }
  }

  async becomes(kind: RemoteEngine['connection']['kind']): Promise<void> {
    await eventually(
      () => `${kind}, but ${JSON.stringify(this.engine.connection)}`,
      () => this.engine.connection.kind === kind,
      5_000,
    );
  }

  async fails(code: string): Promise<EngineError> {
    await eventually(
      () => `failed with ${code}, but ${JSON.stringify(this.engine.connection)}`,
      () => this.failure?.code === code,
      5_000,
    );
    return this.failure ?? never();
  }
}

function never(): never {
  throw new Error('It did not fail.');
}

/** Lines whose texts are their numbers, with the place after the last. */
export function numbered(from: number, to: number): LogItem {
  const lines: LogLine[] = [];
  for (let number = from; number <= to; number++) lines.push(lineOf(number));
  return { kind: 'lines', batch: { lines, textLength: 0, place: placeAt(to) } };
}

export function lineOf(number: number): LogLine {
  const timestamp = `2026-11-21T10:00:00.${String(number).padStart(9, '0')}Z`;
  return { timestamp, stream: 'stdout', text: String(number) };
}

export function placeAt(number: number): LogPlace {
  const { timestamp, stream, text } = lineOf(number);
  return {
    cursor: { containerId: ID, timestamp, stream, ordinal: 1, hash: hashText(text) },
    runStartedAt: '2026-11-21T09:00:00Z',
    identity: { name: 'web' },
  };
}
