/**
 * The whole of `rig -- logs`: containers that write oracle lines, a reader that follows them through the fault proxy,
 * faults in a seeded order while they write, and the verdict when everything has come to rest.
 */
import { atEnd } from '../../scripts/lib/processes.mjs';
import type { ContainerEngine } from '../../src/engine/engine';
import type { ContainerId } from '../../src/model/container';
import type { LogSink } from '../../src/model/log';
import { seededRandom } from '../support/random';
import { DirectReader } from './engines/directReader';
import type { RigEngine, WriterSpec } from './engines/rigEngine';
import { AgentConnections } from './agent/agentConnections';
import { AgentResumeMeter } from './agent/agentResumeMeter';
import type { RigAgent } from './agent/rigAgent';
import { FaultDriver } from './faults/faultDriver';
import { makePlan, type FaultCounts } from './faults/plan';
import { LogConnections, type LogSource } from './faults/logConnections';
import { ResumeMeter, type Resumes } from './faults/resumeMeter';
import { FaultProxy } from './proxy/faultProxy';
import { makeReport, type LogsReport } from './report';
import { RigLog } from './rigLog';
import { until } from './wait';
import { writerSpecs } from './writerSpecs';

export interface LogsRigOptions extends FaultCounts {
  readonly seed: number;
  readonly lines: number;
  readonly containers: number;
  readonly transport: 'unix' | 'tcp';
  /** Makes the reader, which reaches the engine at this address and nowhere else. */
  readonly openReader: (dockerHost: string) => ContainerEngine;
  /** Stands between proxy and engine; the reader reaches it through the proxy, always over TCP. */
  readonly agent?: RigAgent;
  /** Stands between the reader and the checker of a log; there to show that the rig finds what is wrong. */
  readonly spoil?: (sink: LogSink, container: string) => LogSink;
  /** Told in few words what goes on. */
  readonly say?: (text: string) => void;
  readonly signal?: AbortSignal;
  /** After this time no more faults are begun and what is missing is lost. */
  readonly timeoutMs: number;
}

const CONNECT_TIMEOUT_MS = 30_000;
const END_TIMEOUT_MS = 120_000;
/** A reader that got nothing for so long will get nothing any more; one that looks whether it is stuck does so before. */
const STALL_MS = 100_000;
/** Nothing comes any more, not even a second time, when nothing came for so long. */
const QUIET_MS = 1_000;
const PATIENCE_MS = 2_000;
/** Every cut takes the whole connection to an agent, so that the person would wait a thousand times. */
const PATIENCE_WITH_AGENT_MS = 50;
/** Of all lines, what is written while faults happen; the rest follows in peace. */
const SHARE_UNDER_FAULTS = 0.4;

export async function runLogsRig(engine: RigEngine, options: LogsRigOptions): Promise<LogsReport> {
  const random = seededRandom(options.seed);
  const { agent } = options;
  const proxy = await FaultProxy.open({
    engineSocketPath: engine.socketPath,
    transport: agent ? 'tcp' : options.transport,
    random,
    ...(agent && { port: agent.port }),
  });
  const closeProxy = atEnd(() => proxy.dispose());
  const reader = options.openReader(proxy.dockerHost);
  const startedAtMs = performance.now();
  try {
    const logs: RigLog[] = [];
    for (const spec of writerSpecs(options)) logs.push(await makeLog(engine, spec));
    reader.connect();
    await expectSoon(() => reader.connection.kind === 'ready', 'the reader is connected', CONNECT_TIMEOUT_MS);
    const upIds = (): ContainerId[] => logs.filter(({ isUp }) => isUp).map(({ writer }) => writer.id);
    const view = agent
      ? viewOfAgent(agent, proxy, reader, upIds)
      : viewOfEngine(proxy, reader, (id) => upIds().includes(id));
    for (const { writer, checker } of logs) {
      const sink = options.spoil?.(checker, writer.spec.name) ?? checker;
      reader.followLog(writer.id, { tail: 'all', follow: true }, view.watching(writer.id, sink));
    }
    const { resumes } = view;
    const person = retryWhenWaiting(reader, agent ? PATIENCE_WITH_AGENT_MS : PATIENCE_MS);
    const driver = await underFaults(engine, proxy, logs, view, random, options).finally(person);
    await comeToRest(engine, logs, options);
    const verdicts = await Promise.all(logs.map((log) => log.judge()));
    const seconds = (performance.now() - startedAtMs) / 1000;
    return makeReport({ engine, options, logs, verdicts, applied: driver.applied, resumes, seconds });
  } finally {
    reader.dispose();
    await closeProxy();
  }
}

/** How the rig sees the reader's logs from outside. */
interface LogsView {
  readonly connections: LogSource;
  readonly resumes: Resumes;
  readonly killAgent: () => Promise<void>;
  watching(id: ContainerId, sink: LogSink): LogSink;
}

function viewOfEngine(
  proxy: FaultProxy,
  reader: ContainerEngine,
  isUp: (id: ContainerId) => boolean,
): LogsView {
  return {
    connections: new LogConnections(proxy),
    resumes: new ResumeMeter(proxy, reader, isUp),
    killAgent: () => Promise.resolve(),
    watching: (_id, sink) => sink,
  };
}

function viewOfAgent(
  agent: RigAgent,
  proxy: FaultProxy,
  reader: ContainerEngine,
  upIds: () => readonly ContainerId[],
): LogsView {
  const resumes = new AgentResumeMeter(proxy, reader, upIds);
  return {
    connections: new AgentConnections(proxy, reader),
    resumes,
    killAgent: () => {
      resumes.agentEnds();
      return agent.kill();
    },
    watching: (id, sink) => resumes.watching(id, sink),
  };
}

/**
 * Does what a person does who looks at a lost connection: asks for another attempt. The delays between attempts grow to
 * half a minute for an engine that is lost again and again, which is right for engines and too long for the rig.
 *
 * @returns ends it
 */
function retryWhenWaiting(reader: ContainerEngine, patienceMs: number): () => void {
  let timer: NodeJS.Timeout | undefined;
  const listener = reader.onDidChangeConnection(({ kind }) => {
    clearTimeout(timer);
    if (kind === 'waiting') timer = setTimeout(() => reader.retryNow(), patienceMs);
  });
  return () => {
    clearTimeout(timer);
    listener.dispose();
    reader.retryNow();
  };
}

async function makeLog(engine: RigEngine, spec: WriterSpec): Promise<RigLog> {
  const writer = await engine.create(spec);
  const { socketPath, partStamps } = engine;
  const direct = new DirectReader(socketPath, writer.id, spec.hasTerminal, partStamps);
  return new RigLog(writer, direct, partStamps);
}

async function underFaults(
  engine: RigEngine,
  proxy: FaultProxy,
  logs: readonly RigLog[],
  { connections, resumes, killAgent }: LogsView,
  random: () => number,
  options: LogsRigOptions,
): Promise<FaultDriver> {
  const rotating = logs.flatMap(({ writer }, index) =>
    writer.spec.rotateAtBytes === undefined ? [] : [index],
  );
  const plan = makePlan({ ...options, containers: logs.length, rotating, random });
  const linesPerStep = Math.ceil((options.lines * SHARE_UNDER_FAULTS) / logs.length / (plan.length + 1));
  const driver = new FaultDriver({
    engine,
    proxy,
    logs,
    connections,
    resumes,
    random,
    linesPerStep,
    killAgent,
  });
  const deadlineMs = performance.now() + options.timeoutMs;
  for (const log of logs) {
    log.allowMore(linesPerStep);
    await engine.start(log.writer);
    log.isUp = true;
  }
  // Behind an agent every fault is one of all logs.
  if (options.agent)
    await expectSoon(() => logs.every(({ hasBegun }) => hasBegun), 'first lines', CONNECT_TIMEOUT_MS);
  for (const [index, fault] of plan.entries()) {
    if (options.signal?.aborted === true || performance.now() > deadlineMs) break;
    options.say?.(`${index + 1}/${plan.length} ${JSON.stringify(fault)}`);
    await driver.apply(fault);
    await paced(logs, linesPerStep);
  }
  return driver;
}

/** Lets the logs go on by a good part of a step, so that faults spread over all that is written. */
async function paced(logs: readonly RigLog[], linesPerStep: number): Promise<void> {
  const reach = (): number => logs.reduce((sum, { checker }) => sum + checker.reach, 0);
  const wanted = reach() + (linesPerStep * logs.length) / 2;
  await until(() => {
    for (const log of logs) log.keepWriting(linesPerStep);
    return reach() >= wanted;
  }, 3_000);
}

/** Lets the writers write what is left and end, and waits until the reader has come to the end of it. */
async function comeToRest(
  engine: RigEngine,
  logs: readonly RigLog[],
  options: LogsRigOptions,
): Promise<void> {
  options.say?.('the rest, in peace');
  const written = logs.reduce((sum, { writer }) => sum + writer.written(), 0);
  const share = Math.max(1, Math.ceil((options.lines * 1.01 - written) / logs.length));
  for (const log of logs) log.allowMore(share, true);
  for (const log of logs) {
    const hasEnded = async (): Promise<boolean> => !(await engine.isRunning(log.writer));
    await expectSoon(hasEnded, `${log.writer.spec.name} ends`, END_TIMEOUT_MS);
    await log.observe(true, 'all');
  }
  const lines = logs.reduce((sum, { truth }) => sum + truth.lines, 0);
  if (lines < options.lines) throw new Error(`The containers wrote ${lines} lines, not ${options.lines}.`);
  const delivered = (): number => logs.reduce((sum, { checker }) => sum + checker.delivered, 0);
  const isSettled = (): boolean => logs.every((log) => log.isSettled || log.checker.hasEnded);
  for (let before = -1; !isSettled() && delivered() > before;) {
    before = delivered();
    await until(isSettled, STALL_MS);
  }
  for (let before = -1; delivered() > before;) {
    before = delivered();
    await until(() => delivered() > before, QUIET_MS);
  }
}

async function expectSoon(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs: number,
): Promise<void> {
  if (!(await until(condition, timeoutMs))) throw new Error(`Not within ${timeoutMs} ms: ${what}`);
}
