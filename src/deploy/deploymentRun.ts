import type { Clock } from '../base/clock';
import type { Disposable } from '../base/lifecycle';
import { messageOf } from '../base/errors';
import { deployCompose } from './compose';
import type { DeployEngine } from '../engine/deployEngine';
import type { ContextArchive } from '../engine/deployments';
import {
  isOver,
  type Deployment,
  type DeploymentFailure,
  type DeploymentSpec,
  type DeploymentStage,
  type OldVersionFate,
} from '../model/deployment';
import { atFraction, ended, inStage } from './deploymentState';
import { CancelledError, detailsOf, failureMessage, LeavingError } from './failure';
import type { JournalFolder } from './journal/journalFolder';
import type { Intent, OldContainer } from './journal/journalRecord';
import type { JournalWriter } from './journal/journalWriter';
import { imageRepository, imageTag } from './naming';
import { obtain } from './obtain';
import { findOld, hasNewInPlace, removeDead } from './oldContainers';
import type { Redactor } from './redactor';
import { patiently, rollBack, type RollBackStep } from './rollBack';
import type { Step, Tools } from './step';
import { removeOld, swapContainers } from './swap';

/** Progress that comes within this time is told together. */
const PROGRESS_DELAY_MS = 150;
const WELL = 'The new version runs.';
const COMPOSE_REPLACED = 'Compose may have replaced containers already, which it does not put back.';

export interface DeploymentRunOptions {
  readonly deployment: Deployment;
  readonly spec: DeploymentSpec;
  readonly context: ContextArchive | undefined;
  readonly engine: DeployEngine;
  readonly clock: Clock;
  readonly tools: Tools;
  readonly redactor: Redactor;
  readonly journal: string;
  readonly folder: Pick<JournalFolder, 'makeWorkFolder' | 'makeProjectPath' | 'removeWork'>;
  readonly writer: Pick<JournalWriter, 'log' | 'lastLines' | 'flush' | 'intent' | 'state' | 'close'>;
  /** Called when it is in the journal. */
  readonly announce: (deployment: Deployment) => void;
  /** It is over, but its journal does not say so. */
  readonly announceUnwritten: (deployment: Deployment) => void;
  readonly warn: (message: string) => void;
}

/** One deployment, from its turn to its end. */
export class DeploymentRun implements Step {
  readonly id: string;
  readonly spec: DeploymentSpec;
  readonly context: ContextArchive | undefined;
  readonly engine: DeployEngine;
  readonly clock: Clock;
  readonly tools: Tools;
  readonly redactor: Redactor;
  readonly journal: string;
  private readonly abort = new AbortController();
  private readonly leave = new AbortController();
  private current: Deployment;
  private written: Deployment;
  private progressTimer: Disposable | undefined;
  /** What is there now, and is to be there again if this fails. */
  private old: readonly OldContainer[] | undefined;
  private isSwapping = false;
  /** The new version is well: from here on it stays. */
  private isSettled = false;
  private wasEngineAway = false;
  /** Of the step that the builder began last. */
  private stepContainer: string | undefined;
  /** Compose may have removed what ran before. */
  private isComposing = false;

  constructor(private readonly options: DeploymentRunOptions) {
    const { deployment, spec, context, engine, clock, tools, redactor, journal } = options;
    this.id = deployment.id;
    this.spec = spec;
    this.context = context;
    this.engine = engine;
    this.clock = clock;
    this.tools = tools;
    this.redactor = redactor;
    this.journal = journal;
    this.current = deployment;
    this.written = deployment;
  }

  get deployment(): Deployment {
    return this.current;
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** What was running runs on, or again. Without effect where the new version is well already. */
  cancel(): void {
    if (!this.isSettled) this.abort.abort(new CancelledError('It was cancelled.'));
  }

  /** The process leaves: nothing more is done, and the next process finds the deployment as it is. */
  abandon(): void {
    const reason = new LeavingError('This process leaves.');
    this.leave.abort(reason);
    this.abort.abort(reason);
  }

  /** Resolves when it is over, or abandoned. Never rejects. */
  async run(): Promise<void> {
    const { source } = this.spec;
    if (source.kind === 'compose') {
      await this.whileWatched(async () => {
        await deployCompose(this, source);
        this.isSettled = true;
        await this.end({ status: 'success', message: WELL });
      });
      return;
    }
    await this.whileWatched(async () => {
      const before = await findOld(this.engine, this.spec, this.id);
      await this.intent({ step: 'begin', old: before });
      const image = await obtain(this);
      await this.know({ imageId: image.id });
      const old = await swapContainers(this, image, before);
      await this.settle(old, image.id);
    });
  }

  /** Goes on where another process was ended, by what it wrote down. Never rejects. */
  async resume(intents: readonly Intent[], goOn: () => Promise<void>): Promise<void> {
    for (const intent of intents) this.learn(intent);
    // The engine may have been restarted with that process.
    this.wasEngineAway = true;
    const decided = intents.filter(({ step }) => step === 'undo' || step === 'healthy').at(-1);
    await this.whileWatched(async () => {
      this.log('system', 'The process that ran this deployment was ended. This one takes it over.');
      if (decided?.step === 'undo') await this.undo(decided.failure, decided.isCancelled);
      else if (decided?.step === 'healthy' && (await this.isInPlace()))
        await this.settle(this.old ?? [], decided.imageId);
      else {
        this.isSettled = false;
        await goOn();
      }
    });
  }

  /** On a full disk a version may have been undone that was found well, without a word about it in the journal. */
  private async isInPlace(): Promise<boolean> {
    const look = (): Promise<boolean> => hasNewInPlace(this);
    return (await patiently(this.undoStep(), look, () => undefined)) ?? true;
  }

  async settle(old: readonly OldContainer[], imageId: string): Promise<void> {
    this.isSettled = true;
    const tell = (error: unknown): void => {
      this.log('system', `Something was not cleared away: ${messageOf(error)}`);
    };
    // On a full disk nothing of this can be written. The new version is well all the same.
    await this.know({ imageId }).catch(tell);
    await patiently(this.undoStep(), () => removeOld(this, old), tell);
    const keep = (): Promise<void> => this.engine.tagImage(imageId, imageRepository(this.spec.app), this.id);
    let isKept = true;
    await patiently(this.undoStep(), keep, (error) => {
      isKept = false;
      tell(error);
    });
    await this.end({ status: 'success', message: WELL, canRollBackTo: isKept });
  }

  workFolder(): Promise<string> {
    return this.options.folder.makeWorkFolder(this.id);
  }

  projectPath(project: string): Promise<string> {
    return this.options.folder.makeProjectPath(project);
  }

  log(stream: 'stdout' | 'stderr' | 'system', text: string): void {
    // The state in which it ended is the last entry.
    if (!isOver(this.current.status)) this.options.writer.log(stream, text);
  }

  async enter(stage: DeploymentStage, message: string): Promise<void> {
    this.signal.throwIfAborted();
    await this.change(inStage(this.current, stage, this.redactor.redact(message), this.clock.nowMs()));
  }

  progress(fraction: number, message?: string): void {
    if (isOver(this.current.status)) return;
    const text = message === undefined ? undefined : this.redactor.redact(message).slice(0, 300);
    this.current = atFraction(this.current, fraction, text);
    this.progressTimer ??= this.clock.setTimer(() => this.writeProgress(), PROGRESS_DELAY_MS);
  }

  buildsIn(container: string): void {
    this.stepContainer = container;
  }

  async know(facts: { readonly imageId?: string; readonly commit?: string }): Promise<void> {
    await this.change({ ...this.current, ...facts });
  }

  async intent(intent: Intent): Promise<void> {
    await this.options.writer.intent(intent);
    this.learn(intent);
  }

  private learn(intent: Intent): void {
    if (intent.step === 'begin' || intent.step === 'swap') this.old = intent.old;
    if (intent.step === 'swap') this.isSwapping = true;
    if (intent.step === 'healthy') this.isSettled = true;
    if (intent.step === 'undo') this.isSettled = false;
    if (intent.step === 'compose') this.isComposing = true;
  }

  private async whileWatched(work: () => Promise<void>): Promise<void> {
    const watch = this.engine.onDidChangeConnection(() => {
      if (!this.engine.isConnected) this.wasEngineAway = true;
    });
    try {
      await work();
    } catch (error) {
      await this.fail(error);
    } finally {
      watch.dispose();
      this.progressTimer?.dispose();
      await this.options.writer.close().catch((error: unknown) => this.options.warn(messageOf(error)));
      if (!this.isLeaving()) await this.options.folder.removeWork(this.id).catch(() => undefined);
    }
  }

  private async fail(error: unknown): Promise<void> {
    if (this.isLeaving()) return;
    if (this.isSettled) {
      this.options.warn(`Deployment ${this.id}: ${messageOf(error)}`);
      await this.end({ status: 'success', message: WELL });
      return;
    }
    try {
      const failure = await this.failureOf(error);
      const isCancelled = this.signal.aborted;
      // Where the disk is full, what is to be undone is undone all the same.
      await this.intent({ step: 'undo', isCancelled, failure }).catch(() => undefined);
      await this.undo(failure, isCancelled);
    } catch (later) {
      if (!this.isLeaving()) this.options.warn(`Deployment ${this.id}: ${messageOf(later)}`);
    }
  }

  private isLeaving(): boolean {
    return this.leave.signal.aborted;
  }

  private async failureOf(error: unknown): Promise<DeploymentFailure> {
    const message = this.redactor.redact(failureMessage(error));
    this.log('system', message);
    await this.options.writer.flush();
    const { lastLines, healthOutput, ...details } = detailsOf(error);
    return {
      stage: this.current.stage,
      message,
      lastLines: lastLines ?? [...this.options.writer.lastLines],
      ...(healthOutput !== undefined && { healthOutput: this.redactor.redact(healthOutput) }),
      ...details,
    };
  }

  private async undo(failure: DeploymentFailure, isCancelled: boolean): Promise<void> {
    // What Compose replaced is gone.
    const mustPutBack = this.isSwapping || (this.wasEngineAway && !this.isComposing);
    if (this.isSwapping) {
      const nowMs = this.clock.nowMs();
      await this.change(inStage(this.current, 'rolling_back', 'Putting the old version back.', nowMs)).catch(
        () => undefined,
      );
    }
    const { details, problem } = await rollBack(this.undoStep(), mustPutBack ? (this.old ?? []) : []);
    await patiently(
      this.undoStep(),
      () => this.removeRemains(),
      () => undefined,
    );
    const whole = { ...failure, ...details };
    const lastLines = details.lastLines?.length ? details.lastLines : failure.lastLines;
    const status = this.endStatus(isCancelled, problem);
    const { fate, text } =
      problem === undefined ? this.fateOfOld() : { fate: 'lost' as const, text: problem };
    await this.end({
      status,
      message: [sentence(failure.message), text].join(' '),
      ...(fate && { oldVersion: fate }),
      // One that was cancelled and could not be undone failed, and is read like any other that did.
      ...(status === 'cancelled' ? {} : { failure: { ...whole, ...pick(failure), lastLines } }),
    });
  }

  private async removeRemains(): Promise<void> {
    await this.engine.removeImage(imageTag(this.spec.app, this.id));
    if (this.stepContainer !== undefined) await removeDead(this.engine, this.stepContainer);
  }

  private endStatus(
    isCancelled: boolean,
    problem: string | undefined,
  ): 'failed' | 'cancelled' | 'rolled_back' {
    if (problem !== undefined) return 'failed';
    if (isCancelled) return 'cancelled';
    return this.isSwapping && this.old !== undefined && this.old.length > 0 ? 'rolled_back' : 'failed';
  }

  private fateOfOld(): { readonly fate?: OldVersionFate; readonly text: string } {
    const { old } = this;
    if (this.isComposing) return { fate: 'replaced', text: COMPOSE_REPLACED };
    // Nobody looked yet whether there is one.
    if (old === undefined) return { text: 'What ran before runs on.' };
    if (old.length === 0) return { fate: 'none', text: 'Nothing ran before.' };
    if (!old.some(({ wasRunning }) => wasRunning))
      return { fate: 'none', text: 'The old version is there as it was.' };
    return this.isSwapping
      ? { fate: 'restored', text: 'The old version runs again.' }
      : { fate: 'untouched', text: 'The old version runs on.' };
  }

  private async end(ending: Omit<Parameters<typeof ended>[1], 'nowMs'>): Promise<void> {
    this.progressTimer?.dispose();
    const deployment = ended(this.current, {
      ...ending,
      message: this.redactor.redact(ending.message),
      nowMs: this.clock.nowMs(),
    });
    try {
      await this.options.writer.flush();
      await this.change(deployment);
    } catch (error) {
      // The next process finds it unfinished, and comes to the same end.
      this.options.warn(`The end of deployment ${this.id} was not written: ${messageOf(error)}`);
      this.options.announceUnwritten(deployment);
    }
  }

  private undoStep(): RollBackStep {
    const { id, engine, redactor } = this;
    const log: Step['log'] = (stream, text) => this.log(stream, text);
    return { id, engine, redactor, log, leaving: this.leave.signal };
  }

  private async change(deployment: Deployment): Promise<void> {
    this.progressTimer?.dispose();
    this.progressTimer = undefined;
    // At once, so that progress that comes meanwhile goes on from here.
    this.current = deployment;
    this.written = deployment;
    await this.options.writer.state(deployment, true);
    this.options.announce(deployment);
  }

  private writeProgress(): void {
    this.progressTimer = undefined;
    const { current, written } = this;
    if (current.progress === written.progress && current.message === written.message) return;
    this.written = current;
    this.options.writer.state(current, false).then(
      () => this.options.announce(current),
      () => undefined,
    );
  }
}

/** What engines and programs say has no end. */
function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** What the failing step itself knew counts more than what its container's remains say. */
function pick({ exitCode, outOfMemory, healthOutput }: DeploymentFailure): Partial<DeploymentFailure> {
  return {
    ...(exitCode !== undefined && { exitCode }),
    ...(outOfMemory === true && { outOfMemory }),
    ...(healthOutput !== undefined && healthOutput !== '' && { healthOutput }),
  };
}
