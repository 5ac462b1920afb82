import { plainReason } from './build/buildkitProgress';
import { StepFailedError } from './failure';

const KEPT_LINES = 20;
const LONGEST_KEPT = 500;
/** How builders tell the exit code of a step; that of Compose itself says nothing. */
const STEP_EXIT_CODE = /(?:exit code|non-zero code): (\d+)/;

interface Line {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** The last lines that Compose wrote, and what they say of why it failed. */
export class ComposeOutput {
  private readonly lines: Line[] = [];

  /** @param text without secrets */
  take(stream: 'stdout' | 'stderr', text: string): void {
    this.lines.push({ stream, text: text.slice(0, LONGEST_KEPT) });
    if (this.lines.length > KEPT_LINES) this.lines.shift();
  }

  failure(command: string, exitCode: number): StepFailedError {
    const reason = this.reason();
    const code = Number(STEP_EXIT_CODE.exec(reason ?? '')?.[1] ?? exitCode);
    const words = reason === undefined ? `exit code ${exitCode}` : plainReason(reason.trim());
    return new StepFailedError(`Compose could not ${command}: ${words}`, {
      // It may have failed without saying so.
      ...(code !== 0 && { exitCode: code }),
      lastLines: this.lines.map(({ text }) => text),
    });
  }

  /** Both streams are written to at once: which line came last is no reason to take it for the reason. */
  private reason(): string | undefined {
    const told =
      this.lines.findLast(({ text }) => STEP_EXIT_CODE.test(text)) ??
      this.lines.findLast(({ stream }) => stream === 'stderr') ??
      this.lines.at(-1);
    return told?.text;
  }
}
