import type { Deployment, DeploymentEntry } from '../../../model/deployment';
import { oneLine } from '../../../model/format';
import type { CliIo } from '../io';

const LONGEST_LINE = 300;
const NARROWEST = 20;
const BAR_CELLS = 20;
const ERASE_LINE = '\r\u001b[2K';

/**
 * Shows how a deployment goes: its log on the standard output, what it is doing on the standard error. In a terminal the
 * newest line of the latter is written over and stays below the log; elsewhere each is a line of its own.
 */
export class ProgressView {
  private isBarShown = false;
  private deployment: Deployment | undefined;

  constructor(private readonly io: Pick<CliIo, 'out' | 'err' | 'terminal'>) {}

  /** As it was told last. */
  get newest(): Deployment | undefined {
    return this.deployment;
  }

  show(entry: DeploymentEntry): void {
    if (entry.kind === 'log') {
      this.above(() => this.io.out(entry.text));
      return;
    }
    const before = this.deployment;
    const { deployment } = entry;
    this.deployment = deployment;
    const isStage = before?.stage !== deployment.stage || before.status !== deployment.status;
    const isNews = isStage || (this.io.terminal === undefined && before.message !== deployment.message);
    if (isNews) this.say(lineOf(deployment));
    else this.draw();
  }

  /** A line that stays. */
  say(text: string): void {
    this.above(() => this.io.err(text));
  }

  /** Nothing is written over from here on. */
  end(): void {
    this.erase();
    this.deployment = undefined;
  }

  private above(write: () => void): void {
    this.erase();
    write();
    this.draw();
  }

  private draw(): void {
    const { deployment } = this;
    const { terminal } = this.io;
    if (!terminal || !deployment || deployment.endedAtMs !== undefined) return;
    this.erase();
    // The last column stays free: a line that fills it may wrap.
    terminal.write(barOf(deployment, Math.max(NARROWEST, terminal.columns) - 1));
    this.isBarShown = true;
  }

  private erase(): void {
    if (this.isBarShown) this.io.terminal?.write(ERASE_LINE);
    this.isBarShown = false;
  }
}

function lineOf({ progress, stage, message }: Deployment): string {
  return `[${percentOf(progress)}] ${stage}: ${oneLine(message, LONGEST_LINE)}`;
}

function barOf({ progress, message }: Deployment, columns: number): string {
  const done = Math.round((progress / 100) * BAR_CELLS);
  const bar = `${'#'.repeat(done)}${'-'.repeat(BAR_CELLS - done)}`;
  return oneLine(`${bar} ${percentOf(progress)} ${message}`, columns);
}

function percentOf(progress: number): string {
  return `${String(Math.floor(progress)).padStart(3)}%`;
}
