/**
 * The whole of `rig -- hostile`: clients that send what no honest one would to an agent in a process of its own, and
 * thousands of connections that are never finished, while an honest client tails a log.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { atEnd } from '../../../scripts/lib/processes.mjs';
import type { ContainerEngine } from '../../../src/engine/engine';
import { formatToken, type Pairing } from '../../../src/protocol/pairingLink';
import { RawClient, type RawTarget } from '../../agent/rawClient';
import { FakeEngine } from '../../doubles/fakeEngine/fakeEngine';
import { LogCollector } from '../../support/logCollector';
import { openRemoteEngine, PairedAgent } from '../../support/pairedAgent';
import { INSPECTABLE, Inspector, residentBytes } from '../../support/processMemory';
import { seededRandom } from '../../support/random';
import { until } from '../wait';
import { sendHostile } from './hostileFrames';

export interface HostileRigOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly halfOpen: number;
  /** How long memory may take to be as it was. */
  readonly settleMs: number;
  readonly say?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** What `rig -- hostile --json` prints. */
export interface HostileReport {
  readonly seed: number;
  readonly seconds: number;
  readonly clients: number;
  readonly sent: number;
  /** How hostile clients' connections were closed, by code. */
  readonly closeCodes: Readonly<Record<string, number>>;
  readonly halfOpen: number;
  /** Of these, still open after the agent's deadlines. */
  readonly halfOpenLeft: number;
  readonly isRunning: boolean;
  readonly honestLines: number;
  /** Lost, doubled or out of order, for the honest client. */
  readonly honestFaults: number;
  readonly honestReconnects: number;
  readonly honestSlowestMs: number;
  /** What is kept after collecting garbage, with the honest client alone: before, and after all is over. */
  readonly keptBeforeBytes: number;
  readonly keptAfterBytes: number;
  readonly residentBeforeBytes: number;
  readonly residentPeakBytes: number;
  readonly residentAfterBytes: number;
}

const LINE_INTERVAL_MS = 20;
const LOOK_INTERVAL_MS = 500;
/** Until code is compiled and buffers are as full as they may be, memory grows with what is used. */
const LONGEST_WARM_UP_MS = 60_000;
/** So that the log's ring is full early. */
const LINE_LENGTH = 1_000;
const FRAMES_PER_CLIENT = 30;
const CONNECT_TIMEOUT_MS = 30_000;
/** The agent's deadline for authentication, twice the interval of its looking, and some. */
const HALF_OPEN_DEADLINE_MS = 25_000;
/** So much more than before is no leak. */
const ALLOWED_GROWTH = 1.1;

/** How many of the promises were broken. */
export function harmIn(report: HostileReport): number {
  const isLeaking = report.keptAfterBytes > report.keptBeforeBytes * ALLOWED_GROWTH;
  const broken = [!report.isRunning, isLeaking, report.honestReconnects > 0];
  return broken.filter(Boolean).length + report.honestFaults + report.halfOpenLeft;
}

export async function runHostileRig(options: HostileRigOptions): Promise<HostileReport> {
  const fake = await new FakeEngine({ personality: '29', seed: options.seed }).listen();
  const agent = await PairedAgent.start(fake.dockerHost, { NODE_OPTIONS: INSPECTABLE });
  const inspector = await Inspector.of(agent.output);
  const honest = openRemoteEngine(agent.pairing());
  const close = atEnd(async () => {
    inspector.dispose();
    honest.dispose();
    await agent.dispose();
    await fake.dispose();
  });
  try {
    return await new HostileRun(options, { fake, agent, inspector, honest }).all();
  } finally {
    await close();
  }
}

interface Parts {
  readonly fake: FakeEngine;
  readonly agent: PairedAgent;
  readonly inspector: Inspector;
  readonly honest: ContainerEngine;
}

class HostileRun {
  private readonly random: () => number;
  private readonly log = new LogCollector();
  private readonly closeCodes: Record<string, number> = {};
  private written = 0;
  private clients = 0;
  private sent = 0;
  private peakBytes = 0;
  private slowestMs = 0;

  constructor(
    private readonly options: HostileRigOptions,
    private readonly parts: Parts,
  ) {
    this.random = seededRandom(options.seed);
  }

  async all(): Promise<HostileReport> {
    const { fake, agent, inspector, honest } = this.parts;
    const { id } = fake.run({ name: 'web' });
    const decoy = fake.run({ name: 'decoy', labels: { team: 'red' } });
    honest.connect();
    if (!(await until(() => honest.connection.kind === 'ready', CONNECT_TIMEOUT_MS)))
      throw new Error('The honest client does not connect.');
    const serial = serialOf(honest);
    const following = honest.followLog(id, { tail: 'all', follow: true }, this.log);
    const target = targetOf(await agent.addToken('--role', 'operator', '--only-label', 'team=red'));
    const stop = this.watch(id);
    await this.attack(
      target,
      [decoy.id, id, id.slice(0, 12), 'web'],
      Math.min(LONGEST_WARM_UP_MS, this.options.durationMs),
    );
    const keptBeforeBytes = await this.keptWhenQuiet();
    const residentBeforeBytes = residentBytes(agent.pid);
    this.options.say?.(`before: ${keptBeforeBytes} kept, ${residentBeforeBytes} resident`);
    const startedAtMs = performance.now();
    await this.attack(target, [decoy.id, id, id.slice(0, 12), 'web'], this.options.durationMs);
    const seconds = Math.round((performance.now() - startedAtMs) / 100) / 10;
    const halfOpenLeft = await this.halfOpen();
    const limit = keptBeforeBytes * ALLOWED_GROWTH;
    const deadlineMs = performance.now() + this.options.settleMs;
    let keptAfterBytes = await inspector.keptBytes();
    while (keptAfterBytes > limit && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
      keptAfterBytes = await inspector.keptBytes();
    }
    stop();
    await until(() => this.log.texts.length >= this.written, CONNECT_TIMEOUT_MS);
    const report = {
      seed: this.options.seed,
      seconds,
      clients: this.clients,
      sent: this.sent,
      closeCodes: this.closeCodes,
      halfOpen: this.options.halfOpen,
      halfOpenLeft,
      isRunning: agent.isRunning,
      honestLines: this.log.texts.length,
      honestFaults: this.faults(),
      honestReconnects: (serialOf(honest) ?? 0) - (serial ?? 0),
      honestSlowestMs: Math.round(this.slowestMs),
      keptBeforeBytes,
      keptAfterBytes,
      residentBeforeBytes,
      residentPeakBytes: this.peakBytes,
      residentAfterBytes: residentBytes(agent.pid),
    };
    following.dispose();
    return report;
  }

  /** Once the sessions of the warm-up are over, or after a while. */
  private async keptWhenQuiet(): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    return this.parts.inspector.keptBytes();
  }

  /** Lets the log grow and the honest client act, and looks at the agent's memory. */
  private watch(id: string): () => void {
    const { fake, agent, honest } = this.parts;
    const write = setInterval(() => {
      this.written++;
      fake.writeLog('web', 'stdout', `${lineOf(this.written)}\n`);
    }, LINE_INTERVAL_MS);
    const look = setInterval(() => {
      if (agent.isRunning) this.peakBytes = Math.max(this.peakBytes, residentBytes(agent.pid));
      const askedAtMs = performance.now();
      honest.inspect(id).then(
        () => (this.slowestMs = Math.max(this.slowestMs, performance.now() - askedAtMs)),
        () => (this.slowestMs = Number.POSITIVE_INFINITY),
      );
    }, LOOK_INTERVAL_MS);
    return () => {
      clearInterval(write);
      clearInterval(look);
    };
  }

  private async attack(target: RawTarget, ids: readonly string[], durationMs: number): Promise<void> {
    const endMs = performance.now() + durationMs;
    while (performance.now() < endMs && this.options.signal?.aborted !== true && this.parts.agent.isRunning) {
      await this.oneClient(target, ids);
      if (this.clients % 500 === 0) this.options.say?.(`${this.clients} clients, ${this.sent} frames`);
    }
  }

  private async oneClient(target: RawTarget, ids: readonly string[]): Promise<void> {
    const client = new RawClient(target);
    this.clients++;
    try {
      const isEarly = this.random() < 0.02;
      if (isEarly) await client.event('challenge');
      else {
        await client.authenticate();
        await client.openSession();
      }
      // Nothing of what comes is looked at any more.
      client.webSocket.removeAllListeners('message');
      const frames = 1 + Math.floor(this.random() * FRAMES_PER_CLIENT);
      for (let count = 0; count < frames && !client.isClosed; count++) {
        sendHostile({ socket: client.webSocket, random: this.random, ids });
        this.sent++;
        if (this.random() < 0.2) await new Promise((resolve) => setImmediate(resolve));
      }
      if (this.random() < 0.3) client.cut();
      else client.close(1000);
      await client.closed();
    } catch {
      // Refused, for a while: that is an answer, too.
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    }
    const how = String(client.refusal ? `HTTP ${client.refusal.status}` : client.closeCode);
    this.closeCodes[how] = (this.closeCodes[how] ?? 0) + 1;
    client.cut();
  }

  /** @returns how many of the connections the agent has not closed in time */
  private async halfOpen(): Promise<number> {
    const { port } = this.parts.agent;
    const sockets = Array.from({ length: this.options.halfOpen }, (_, index) => halfOpen(port, index));
    const isOver = ({ destroyed }: Socket): boolean => destroyed;
    await until(() => sockets.every(isOver), HALF_OPEN_DEADLINE_MS);
    const left = sockets.filter((socket) => !isOver(socket)).length;
    for (const socket of sockets) socket.destroy();
    return left;
  }

  private faults(): number {
    const { texts } = this.log;
    const wrong = texts.filter((text, index) => text !== lineOf(index + 1)).length;
    return wrong + Math.abs(this.written - texts.length);
  }
}

function lineOf(number: number): string {
  return `line ${number} `.padEnd(LINE_LENGTH, '.');
}

/** A connection that gets no further than TCP, than TLS, or than half of a request. */
function halfOpen(port: number, index: number): Socket {
  const host = '127.0.0.1';
  const kind = index % 3;
  const socket = kind === 0 ? connectTcp(port, host) : connectTls({ host, port, rejectUnauthorized: false });
  socket.on('error', () => undefined);
  socket.on('end', () => socket.destroy());
  if (kind === 2) socket.write('GET /ws/agent HTTP/1.1\r\nHost: x\r\n');
  return socket.resume();
}

function targetOf({ host, port, token, security }: Pairing): RawTarget {
  const key = security.kind === 'pinned' ? security.key : '';
  return { url: `wss://${host}:${port}`, token: formatToken(token), key };
}

function serialOf({ connection }: ContainerEngine): number | undefined {
  return 'serial' in connection ? connection.serial : undefined;
}
