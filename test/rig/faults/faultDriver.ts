import type { RigEngine } from '../engines/rigEngine';
import type { FaultProxy } from '../proxy/faultProxy';
import type { RigLog } from '../rigLog';
import { until } from '../wait';
import { Cuts } from './cuts';
import type { LogSource } from './logConnections';
import type { Fault } from './plan';
import type { Resumes } from './resumeMeter';

export interface DriverOptions {
  readonly engine: RigEngine;
  readonly proxy: FaultProxy;
  readonly logs: readonly RigLog[];
  readonly connections: LogSource;
  readonly resumes: Pick<Resumes, 'isResumed' | 'forget'>;
  readonly killAgent: () => Promise<void>;
  readonly random: () => number;
  /** How many lines a writer is allowed at a time, so that it writes while faults happen, all through the run. */
  readonly linesPerStep: number;
}

const RESUME_TIMEOUT_MS = 20_000;
const ROTATION_TIMEOUT_MS = 60_000;
const FIRST_LINES_TIMEOUT_MS = 20_000;

/** Does what a plan says, one fault after the other. */
export class FaultDriver {
  readonly applied = { cuts: 0, restarts: 0, rotations: 0, engineRestarts: 0, agentKills: 0 };
  private readonly cuts: Cuts;

  constructor(private readonly options: DriverOptions) {
    this.cuts = new Cuts(options.proxy, options.connections, options.random, options.linesPerStep);
  }

  async apply(fault: Fault): Promise<void> {
    for (const log of this.options.logs) log.keepWriting(this.options.linesPerStep);
    switch (fault.kind) {
      case 'cut':
        await this.cuts.make(fault.cut, this.log(fault.container));
        this.applied.cuts++;
        if (fault.awaitsResume) await this.awaitResume(this.log(fault.container));
        return;
      case 'restart':
        await this.endRun(this.log(fault.container), fault.ending);
        this.applied.restarts++;
        return;
      case 'rotation':
        if (await this.rotate(this.log(fault.container))) this.applied.rotations++;
        return;
      case 'engineRestart':
        await this.restartEngine(fault.how);
        this.applied.engineRestarts++;
        return;
      case 'agentKill':
        await this.options.killAgent();
        this.applied.agentKills++;
    }
  }

  private log(index: number): RigLog {
    const log = this.options.logs[index];
    if (!log) throw new Error(`the plan names container ${index}, which is not there`);
    return log;
  }

  private async awaitResume({ writer }: RigLog): Promise<void> {
    await until(() => this.options.resumes.isResumed(writer.id), RESUME_TIMEOUT_MS);
  }

  private async endRun(log: RigLog, ending: 'stop' | 'kill' | 'restart'): Promise<void> {
    const { engine } = this.options;
    this.down(log);
    await engine.end(log.writer, ending);
    await log.observe(ending !== 'restart');
    if (ending !== 'restart') await engine.start(log.writer);
    log.isUp = true;
  }

  private async restartEngine(how: 'politely' | 'killed'): Promise<void> {
    const { engine, logs } = this.options;
    for (const log of logs) this.down(log);
    await engine.restartEngine(how);
    for (const log of logs) {
      if (!(await engine.isRunning(log.writer))) {
        await log.observe(true);
        await engine.start(log.writer);
      }
      log.isUp = true;
    }
  }

  /** Keeps the log from the reader until the engine has removed lines that the reader has not got. */
  private async rotate(log: RigLog): Promise<boolean> {
    const { id } = log.writer;
    if (!(await until(() => log.hasBegun, FIRST_LINES_TIMEOUT_MS))) return false;
    this.options.connections.hold(id);
    try {
      return await until(async () => {
        log.writeOn(this.options.linesPerStep);
        return log.isRotatedPastReader();
      }, ROTATION_TIMEOUT_MS);
    } finally {
      this.options.connections.release(id);
    }
  }

  private down(log: RigLog): void {
    log.isUp = false;
    this.options.resumes.forget(log.writer.id);
  }
}
