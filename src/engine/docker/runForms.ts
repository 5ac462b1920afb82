import type { ContainerRun } from './dockerApi';
import type { FollowSession } from './followSession';
import type { LogForm } from './logStream';

/** What a run left unterminated is known by when the next began. */
const RUNS_REMEMBERED = 100;

/** How a container's log is to be read, from what is known of the container's runs. */
export class RunForms {
  /** When the latest runs of the container began. */
  private runStarts: readonly string[] = [];
  /** This run was in doubt, and is looked at again before the log is. */
  private doubtedRun: string | undefined;

  of({ partStamps }: FollowSession, { hasTerminal, startedAt }: ContainerRun): LogForm {
    if (startedAt !== '' && startedAt !== this.runStarts.at(-1))
      this.runStarts = [...this.runStarts, startedAt].slice(-RUNS_REMEMBERED);
    return { hasTerminal, partStamps, runStarts: this.runStarts, isRunSure: true };
  }

  /** @param follow whether the log is followed, and so ends with its run */
  forPass(session: FollowSession, run: ContainerRun, follow: boolean): LogForm {
    return { ...this.of(session, run), isRunSure: follow || run.startedAt === this.doubtedRun };
  }

  /** @param isInDoubt whether the pass could not be judged without looking at the run again */
  afterPass({ startedAt }: ContainerRun, isInDoubt: boolean): void {
    this.doubtedRun = isInDoubt ? startedAt : undefined;
  }
}
