import type { Clock } from '../base/clock';
import { messageOf } from '../base/errors';
import type { Disposable } from '../base/lifecycle';
import type { DeploymentStart } from '../engine/deployments';
import { EngineError } from '../engine/engine';
import { isOver, type Deployment, type DeploymentId } from '../model/deployment';
import { containerSecrets } from './containerSecrets';
import { DeploymentRun } from './deploymentRun';
import { ended, newDeployment } from './deploymentState';
import type { DeploymentStore } from './deploymentStore';
import { FolderLock } from './folderLock';
import { DeploymentIds } from './ids';
import type { takeLock } from './journal/journalLock';
import type { JournalFolder } from './journal/journalFolder';
import type { JournalSummary } from './journal/journalReader';
import type { JournalOpening } from './journal/journalRecord';
import type { JournalWriter } from './journal/journalWriter';
import type { DeploymentLimits, LocalDeploymentsOptions } from './localOptions';
import { imageTag, LABELS } from './naming';
import { findNew } from './oldContainers';
import { removeOld } from './removeOld';
import { DeploymentQueue } from './queue';
import { goOnWith } from './recovery';
import { Redactor } from './redactor';
import { completeFrom, rollBackSpec } from './completeSpec';
import { secretsOf, sourceText, withoutSecrets } from './secrets';

/** Of the newest deployments of this process the inputs are remembered with their secrets, to retry them. */
const MOST_REMEMBERED = 50;
const ELSEWHERE = 'It is unfinished on another engine, and goes on when that one is used again.';

export interface KeeperOptions extends LocalDeploymentsOptions {
  readonly clock: Clock;
  readonly limits: DeploymentLimits;
  readonly journals: JournalFolder;
  readonly known: DeploymentStore;
  /** Another way to take the folder's lock. */
  readonly takeLock?: typeof takeLock;
}

interface Waiting {
  readonly request: DeploymentStart;
  readonly writer: JournalWriter;
  readonly redactor: Redactor;
}

/** Runs deployments, one after the other, and holds the folder's lock while there are any. */
export class Keeper implements Disposable {
  private readonly ids = new DeploymentIds();
  private readonly queue: DeploymentQueue;
  private readonly waiting = new Map<DeploymentId, Waiting>();
  private readonly runs = new Map<DeploymentId, DeploymentRun>();
  private readonly memory = new Map<DeploymentId, DeploymentStart>();
  /** Held while anything waits or runs. */
  private readonly lock: FolderLock;
  private journal = '';
  /** Whose journals do not say what was to be done. */
  private readonly unreadable = new Set<DeploymentId>();
  private isDisposed = false;
  private recovering: Promise<void> | undefined;

  constructor(private readonly options: KeeperOptions) {
    const { mostAtOnce, mostWaiting } = options.limits;
    this.queue = new DeploymentQueue(mostAtOnce, mostWaiting);
    this.lock = new FolderLock({
      folder: options.journals.path,
      isIdle: () => this.queue.isIdle && this.waiting.size === 0 && this.runs.size === 0,
      onTaken: () => this.readAnew(),
      warn: (message) => options.log('warn', message),
      ...(options.takeLock && { takeLock: options.takeLock }),
    });
  }

  /** Resolves when it is in the journal, and queued. */
  async begin(request: DeploymentStart, rollBackTo?: DeploymentId): Promise<Deployment> {
    if (this.queue.isFull)
      throw new EngineError(
        'conflict',
        'Too many deployments wait on this host. Try again when some are over.',
      );
    return this.lock.during(async () => {
      await this.recoverBefore(request.spec.app);
      return this.enqueue(request, rollBackTo);
    });
  }

  async cancel(id: DeploymentId): Promise<void> {
    if (await this.cancelOwn(id)) return;
    await this.recoverAbandoned();
    if (await this.cancelOwn(id)) return;
    const isUnfinished = !isOver(this.options.known.get(id)?.status ?? 'pending');
    if (isUnfinished && this.options.known.isNoted(id)) throw new EngineError('conflict', ELSEWHERE);
    if (isUnfinished)
      throw new EngineError(
        'conflict',
        'Another process of this machine runs this deployment. Cancel it there.',
      );
  }

  /** @returns whether this process runs it, or had it wait */
  private async cancelOwn(id: DeploymentId): Promise<boolean> {
    const run = this.runs.get(id);
    run?.cancel();
    if (run) return true;
    const waiting = this.waiting.get(id);
    if (!waiting || !this.queue.withdraw(id)) return false;
    this.waiting.delete(id);
    const deployment = this.options.known.get(id);
    if (deployment) {
      const nowMs = this.options.clock.nowMs();
      await this.finishWaiting(
        waiting,
        ended(deployment, { status: 'cancelled', message: 'It was cancelled before it began.', nowMs }),
      );
    }
    await this.lock.letGoIfIdle();
    return true;
  }

  /** The inputs with their secrets, if this process still has them. */
  remembered(id: DeploymentId): DeploymentStart | undefined {
    return this.memory.get(id);
  }

  /** The inputs from the journal, with secrets from containers that have them. */
  async complete(id: DeploymentId): Promise<DeploymentStart> {
    const opening = await this.openingOf(id);
    const containers = await this.options.engine.listContainers([`${LABELS.deployment}=${id}`]);
    return { spec: completeFrom(opening, containers) };
  }

  /** The inputs to run a deployment's image again. Of secrets only its environment is needed, as the app has it. */
  async completeRollBack(id: DeploymentId): Promise<DeploymentStart> {
    const known = this.memory.get(id)?.spec;
    if (known) return { spec: rollBackSpec(known, id) };
    const spec = rollBackSpec((await this.openingOf(id)).spec, id);
    const containers = await this.options.engine.listContainers([`${LABELS.app}=${spec.app}`]);
    const { missing } = withoutSecrets(spec);
    return { spec: completeFrom({ spec, missing, isHandedOver: false }, containers) };
  }

  private async openingOf(id: DeploymentId): Promise<JournalOpening> {
    const { opening } = await this.options.journals.summarize(id);
    if (opening) return opening;
    throw new EngineError('engineFailure', 'The journal of this deployment can not be read.');
  }

  /** What is known now of a deployment as it was written then. */
  present(deployment: Deployment): Deployment {
    if (!deployment.canRollBackTo) return deployment;
    const known = this.options.known.get(deployment.id);
    // Its end was written just now, and is about to become known.
    if (known && !isOver(known.status)) return deployment;
    return { ...deployment, canRollBackTo: known?.canRollBackTo ?? false };
  }

  /** Takes over what a process that is gone left unfinished. */
  recover(): Promise<void> {
    if (this.others.length === 0) return Promise.resolve();
    this.recovering ??= this.lock.during(() => this.takeOver()).finally(() => (this.recovering = undefined));
    return this.recovering;
  }

  /** As {@link recover}, where nobody runs them; else does nothing. Those of another engine wait for {@link recover}. */
  async recoverAbandoned(): Promise<void> {
    if (this.others.every(({ id }) => this.options.known.isNoted(id)) || this.isDisposed) return;
    if (!(await this.lock.isHeldElsewhere())) await this.recover();
  }

  dispose(): void {
    this.isDisposed = true;
    for (const run of this.runs.values()) run.abandon();
    for (const { writer } of this.waiting.values()) void writer.close().catch(() => undefined);
    this.lock.dispose();
  }

  /** Unfinished, and not known to be run by this process. */
  private get others(): readonly Deployment[] {
    const isOurs = (id: DeploymentId): boolean => this.runs.has(id) || this.waiting.has(id);
    return this.options.known.unfinished.filter(({ id }) => !isOurs(id) && !this.unreadable.has(id));
  }

  /** What an earlier deployment of the app put aside is its own to put back or remove: first that has to be over. */
  private async recoverBefore(app: string): Promise<void> {
    try {
      await this.recover();
    } catch (error) {
      if (this.others.some((other) => other.app === app)) throw error;
      this.options.log('warn', `Unfinished deployments were not taken over: ${messageOf(error)}`);
    }
  }

  private async enqueue(request: DeploymentStart, rollBackTo: DeploymentId | undefined): Promise<Deployment> {
    const { journals, clock } = this.options;
    const { spec, context, origin } = request;
    const id = this.ids.next(clock.nowMs());
    const deployment = newDeployment({
      id,
      app: spec.app,
      source: spec.source,
      sourceText: sourceText(spec),
      startedBy: origin?.startedBy ?? this.options.startedBy,
      ...(origin && { commandId: origin.commandId }),
      nowMs: clock.nowMs(),
      isHandedOver: context !== undefined,
      ...(rollBackTo !== undefined && { rollBackTo }),
    });
    const redactor = new Redactor();
    redactor.add(secretsOf(spec));
    await journals.takeReserve();
    const engine = await this.options.engine.identify().catch(() => undefined);
    const writer = await this.openWriter(id, { sequence: 0, completeBytes: 0 }, redactor);
    try {
      const plain = withoutSecrets(spec);
      const isHandedOver = context !== undefined;
      await writer.open({ kind: 'open', version: 1, ...plain, isHandedOver, ...(engine && { engine }) });
      await writer.state(deployment, true);
    } catch (error) {
      await writer.close();
      await journals.removeJournal(id);
      throw error;
    }
    this.remember(id, request);
    this.waiting.set(id, { request, writer, redactor });
    this.queue.add(id, spec.app);
    this.options.known.set(deployment);
    this.runNext();
    return deployment;
  }

  private runNext(): void {
    for (let id = this.queue.next(); id !== undefined; id = this.queue.next()) {
      const waiting = this.waiting.get(id);
      const deployment = this.options.known.get(id);
      this.waiting.delete(id);
      if (waiting && deployment) this.track(this.makeRun(deployment, waiting), (run) => run.run());
      else this.queue.finished(id);
    }
  }

  private makeRun(deployment: Deployment, { request, writer, redactor }: Waiting): DeploymentRun {
    const { engine, clock, tools, journals, known, log } = this.options;
    const { spec, context } = request;
    return new DeploymentRun({
      deployment,
      spec,
      context,
      engine,
      clock,
      tools,
      redactor,
      journal: this.journal,
      folder: journals,
      writer,
      announce: (changed) => known.set(changed),
      announceUnwritten: (changed) => known.setUnwritten(changed),
      warn: (message) => log('warn', redactor.redact(message)),
    });
  }

  private track(run: DeploymentRun, work: (run: DeploymentRun) => Promise<void>): void {
    this.runs.set(run.id, run);
    void work(run)
      .then(() => this.finished(run))
      .catch((error: unknown) => this.options.log('warn', messageOf(error)));
  }

  private async finished(run: DeploymentRun): Promise<void> {
    this.runs.delete(run.id);
    this.queue.finished(run.id);
    if (this.isDisposed) return;
    const { journals, known } = this.options;
    const deployment = known.get(run.id) ?? run.deployment;
    try {
      if (isOver(deployment.status) && !known.isUnwritten(run.id)) await journals.index.put([deployment]);
      await this.dropImages(deployment.app);
      await removeOld(this.options);
    } finally {
      this.runNext();
      await this.lock.letGoIfIdle();
    }
  }

  /** Of an app's images the newest are kept. */
  private async dropImages(app: string): Promise<void> {
    const { known, limits, engine, journals } = this.options;
    const kept = known.withImages
      .filter((deployment) => deployment.app === app)
      .sort((left, right) => (left.id < right.id ? 1 : -1));
    for (const deployment of kept.slice(limits.mostImages)) {
      await engine.removeImage(imageTag(app, deployment.id));
      const changed = { ...deployment, canRollBackTo: false };
      known.set(changed);
      await journals.index.put([changed]);
    }
  }

  private async takeOver(): Promise<void> {
    const inOrder = [...this.others].sort((left, right) => (left.id < right.id ? -1 : 1));
    for (const { id } of inOrder) if (!this.isDisposed) await this.takeOverOne(id);
  }

  private async takeOverOne(id: DeploymentId): Promise<void> {
    const { journals, known, engine } = this.options;
    const summary = await journals.summarize(id);
    const { deployment, opening } = summary;
    if (!deployment || !opening) {
      this.unreadable.add(id);
      return;
    }
    if (isOver(deployment.status)) {
      known.set(deployment);
      await journals.index.put([deployment]);
      return;
    }
    if (await this.isOfAnotherEngine(opening)) {
      known.note(deployment, ELSEWHERE);
      return;
    }
    const redactor = new Redactor();
    const containers = await findNew(engine, id);
    redactor.add(await containerSecrets(engine, containers));
    const writer = await this.openWriter(id, summary, redactor);
    known.set(deployment);
    const request = { spec: opening.spec };
    if (
      deployment.status === 'pending' &&
      summary.intents.length === 0 &&
      opening.missing.length === 0 &&
      !opening.isHandedOver
    ) {
      this.waiting.set(id, { request, writer, redactor });
      this.queue.add(id, deployment.app);
      this.runNext();
      return;
    }
    const run = this.makeRun(deployment, { request, writer, redactor });
    this.resume(run, summary);
  }

  /** Its containers are there, and nothing here may be taken for them. */
  private async isOfAnotherEngine({ engine }: JournalOpening): Promise<boolean> {
    if (engine === undefined) return false;
    const current = await this.options.engine.identify();
    return current !== undefined && current !== engine;
  }

  private resume(run: DeploymentRun, { intents, opening }: JournalSummary): void {
    this.queue.startNow(run.id, run.spec.app);
    this.track(run, (one) => one.resume(intents, () => goOnWith(one, intents, opening?.missing ?? [])));
  }

  private async finishWaiting({ writer }: Waiting, deployment: Deployment): Promise<void> {
    await writer.state(deployment, true);
    await writer.close();
    this.options.known.set(deployment);
    await this.options.journals.index.put([deployment]);
  }

  private openWriter(
    id: DeploymentId,
    place: { readonly sequence: number; readonly completeBytes: number },
    redactor: Redactor,
  ): Promise<JournalWriter> {
    const onWritten = (): void => this.options.known.grew();
    return this.options.journals.openWriter(id, place, (text) => redactor.redact(text), onWritten);
  }

  private remember(id: DeploymentId, request: DeploymentStart): void {
    this.memory.set(id, request);
    const [oldest] = this.memory.keys();
    if (this.memory.size > MOST_REMEMBERED && oldest !== undefined) this.memory.delete(oldest);
  }

  /** What others wrote while they had the lock. */
  private async readAnew(): Promise<void> {
    const { journals, known } = this.options;
    this.journal = await journals.identity();
    await journals.index.load();
    await journals.index.tidy();
    await known.load();
  }
}
