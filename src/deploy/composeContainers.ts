import type { ContainerDetails } from '../engine/deployEngine';
import { StepFailedError } from './failure';
import { waitUntilWell } from './health';
import type { OldContainer } from './journal/journalRecord';
import { containerSecrets } from './containerSecrets';
import { remainsOf } from './rollBack';
import type { Step } from './step';

export const PROJECT_LABEL = 'com.docker.compose.project';
const SERVICE_LABEL = 'com.docker.compose.service';
const ONE_OFF_LABEL = 'com.docker.compose.oneoff';

/** The containers of a project before Compose changes them, and after. */
export class ComposeContainers {
  private before = new Map<string, ContainerDetails>();

  constructor(
    private readonly step: Step,
    private readonly project: string,
    /** All if empty. */
    private readonly services: readonly string[],
  ) {}

  /** What is there before anything is changed. */
  async look(): Promise<readonly OldContainer[]> {
    const containers = await this.list();
    this.before = new Map(containers.map((container) => [container.id, container]));
    return containers
      .filter((container) => this.isAskedFor(container))
      .map(({ id, name, isRunning }) => ({ id, name, wasRunning: isRunning }));
  }

  /**
   * Waits until all are well that Compose changed or was to: those of the services asked for, and those that it started
   * because these need them. One that did its work and ended with 0 is well, unless it was to be started again.
   *
   * @throws StepFailedError with the name and the last lines of the first that is not
   */
  async waitUntilWell(): Promise<void> {
    const { step } = this;
    const concerned = (await this.list()).filter((one) => this.isConcerned(one));
    if (concerned.length === 0) throw new StepFailedError('Compose started no container of the project.');
    const stop = new AbortController();
    const signal = AbortSignal.any([step.signal, stop.signal]);
    // The others need not be watched any more: theirs is not the reason.
    const watches = concerned.map((one) =>
      this.watch(one, signal).catch((error: unknown) => stop.abort(error)),
    );
    await Promise.all(watches);
    step.signal.throwIfAborted();
    stop.signal.throwIfAborted();
  }

  private async watch(container: ContainerDetails, signal: AbortSignal): Promise<void> {
    const { step } = this;
    const { id, name, labels } = container;
    const restarts = this.isStarted(container) ? 0 : container.restartCount;
    const service = labels[SERVICE_LABEL];
    const what =
      service === undefined ? `The container ${name}` : `The container ${name} of the service ${service}`;
    try {
      await waitUntilWell(step, id, { what, mayEnd: true, restarts, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof StepFailedError)) throw error;
      const now = await step.engine.inspectContainer(id);
      const remains = now ? await remainsOf(step, now) : {};
      throw new StepFailedError(error.message, { ...remains, ...error.details });
    }
  }

  /** Without what `compose run` left. Their environment is kept out of the journal from here on. */
  private async list(): Promise<readonly ContainerDetails[]> {
    const { engine, redactor } = this.step;
    const all = await engine.listContainers([`${PROJECT_LABEL}=${this.project}`]);
    redactor.add(await containerSecrets(engine, all));
    return all.filter(({ labels }) => labels[ONE_OFF_LABEL]?.toLowerCase() !== 'true');
  }

  private isConcerned(container: ContainerDetails): boolean {
    return this.isStarted(container) || (container.isRunning && this.isAskedFor(container));
  }

  /** By Compose, since it was looked at before. */
  private isStarted({ id, startedAt }: ContainerDetails): boolean {
    return this.before.get(id)?.startedAt !== startedAt;
  }

  private isAskedFor({ labels }: ContainerDetails): boolean {
    return this.services.length === 0 || this.services.includes(labels[SERVICE_LABEL] ?? '');
  }
}
