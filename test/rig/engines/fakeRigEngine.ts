/** The fake engine in one of its personalities, with writers in this process. */
import type { LogStream } from '../../../src/model/log';
import type { PartStamps } from '../../../src/model/logLines';
import { FakeEngine, type FakeContainer, type PersonalityName } from '../../doubles/fakeEngine/fakeEngine';
import { seededRandom } from '../../support/random';
import { formatOracleLine, type Payload } from '../oracle/oracleLine';
import { makePayloads } from '../oracle/payloads';
import { writerName } from '../oracle/position';
import type { EngineRestart, RigEngine, RigWriter, RunEnding, WriterSpec } from './rigEngine';
import { STDERR_EVERY, UNTERMINATED_EVERY } from './writerScript';

const PAUSE_MS = 4;
const KEPT_FILES = 2;
/** A line that a kill tears keeps so many bytes. */
const TORN_BYTES = 12;

export class FakeRigEngine implements RigEngine {
  readonly canRestart = true;
  private readonly writers: FakeWriter[] = [];

  private constructor(private readonly engine: FakeEngine) {}

  static async open(personality: PersonalityName, seed: number): Promise<FakeRigEngine> {
    return new FakeRigEngine(await new FakeEngine({ personality, seed }).listen());
  }

  get name(): string {
    return `fake ${this.engine.personality.name}`;
  }

  get socketPath(): string {
    return this.engine.socketPath;
  }

  get partStamps(): PartStamps {
    return this.engine.personality.isPodman ? 'own' : 'shared';
  }

  create(spec: WriterSpec): Promise<RigWriter> {
    const { rotateAtBytes } = spec;
    const container = this.engine.create({
      name: spec.name,
      tty: spec.hasTerminal,
      logDriver: spec.driver,
      ...(rotateAtBytes !== undefined && { logLimits: { maxBytes: rotateAtBytes, maxFiles: KEPT_FILES } }),
    });
    const writer = new FakeWriter(spec, this.engine, container);
    this.writers.push(writer);
    return Promise.resolve(writer);
  }

  start(writer: RigWriter): Promise<void> {
    this.engine.start(writer.id);
    this.known(writer).begin();
    return Promise.resolve();
  }

  end(writer: RigWriter, ending: RunEnding): Promise<void> {
    const known = this.known(writer);
    known.finish(ending === 'kill' ? 'torn' : 'whole');
    if (ending === 'restart') {
      this.engine.restart(writer.id);
      known.begin();
    } else if (ending === 'stop') this.engine.stop(writer.id);
    else this.engine.kill(writer.id);
    return Promise.resolve();
  }

  isRunning(writer: RigWriter): Promise<boolean> {
    return Promise.resolve(this.engine.container(writer.id).isRunning);
  }

  /** Killed, its containers go on as with live restore; politely, they end with it. */
  async restartEngine(how: EngineRestart): Promise<void> {
    const stopContainers = how === 'politely';
    if (stopContainers) for (const writer of this.writers) writer.finish('whole');
    await this.engine.restartEngine({ stopContainers });
  }

  async dispose(): Promise<void> {
    for (const writer of this.writers) writer.finish('whole');
    await this.engine.dispose();
  }

  private known(writer: RigWriter): FakeWriter {
    const known = this.writers.find(({ id }) => id === writer.id);
    if (!known) throw new Error(`${writer.spec.name} is of another engine`);
    return known;
  }
}

class FakeWriter implements RigWriter {
  private readonly payloads: readonly Payload[];
  private readonly random: () => number;
  private readonly sequences: Record<LogStream, number> = { stdout: 0, stderr: 0 };
  private run = 0;
  private writtenLines = 0;
  private allowedLines = 0;
  private isLast = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    readonly spec: WriterSpec,
    private readonly engine: FakeEngine,
    private readonly container: FakeContainer,
  ) {
    this.random = seededRandom(spec.seed);
    this.payloads = makePayloads({ random: this.random, hasWideLongLines: true });
  }

  get id(): string {
    return this.container.id;
  }

  allow(lines: number, isLast: boolean): void {
    this.allowedLines = lines;
    this.isLast = isLast;
  }

  written(): number {
    return this.writtenLines;
  }

  begin(): void {
    this.run++;
    this.sequences.stdout = this.sequences.stderr = 0;
    this.write('stdout', '\n');
    if (!this.spec.hasTerminal) this.write('stderr', '\n');
    this.timer = setTimeout(() => this.writeOn(), PAUSE_MS);
  }

  /** The process ends: after a last line, or in the middle of one. */
  finish(how: 'whole' | 'torn'): void {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    const ending = this.run % UNTERMINATED_EVERY === 0 ? '' : '\n';
    if (how === 'whole') this.write('stdout', ending);
    else this.engine.writeLog(this.id, 'stdout', this.nextLine('stdout').slice(0, TORN_BYTES));
  }

  private writeOn(): void {
    const left = this.allowedLines - this.writtenLines;
    const burst = Math.min(left, 1 + Math.floor(this.spec.longestBurst * this.random() ** 3));
    for (let line = 0; line < burst; line++) {
      const isError = !this.spec.hasTerminal && this.writtenLines % STDERR_EVERY === 0;
      this.write(isError ? 'stderr' : 'stdout', '\n');
    }
    if (left <= 0 && this.isLast) {
      this.finish('whole');
      this.engine.die(this.id, 0);
    } else this.timer = setTimeout(() => this.writeOn(), PAUSE_MS + 2 * PAUSE_MS * this.random());
  }

  private write(stream: LogStream, ending: string): void {
    this.engine.writeLog(
      this.id,
      stream,
      this.nextLine(stream) + (this.spec.hasTerminal && ending ? '\r\n' : ending),
    );
    this.writtenLines++;
  }

  private nextLine(stream: LogStream): string {
    const sequence = ++this.sequences[stream];
    const index = (sequence * 7 + this.run * 131) % this.payloads.length;
    const payload = this.payloads[index];
    if (!payload) throw new Error('the pool of payloads is empty');
    return formatOracleLine(writerName(this.spec.name, stream), this.run, sequence, payload);
  }
}
