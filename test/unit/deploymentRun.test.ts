import assert from 'node:assert/strict';
import { systemClock } from '../../src/base/clock';
import { DeploymentRun } from '../../src/deploy/deploymentRun';
import { newDeployment } from '../../src/deploy/deploymentState';
import type { Intent, OldContainer } from '../../src/deploy/journal/journalRecord';
import { machineTools } from '../../src/deploy/machineTools';
import { LABELS, oldName } from '../../src/deploy/naming';
import { goOnWith } from '../../src/deploy/recovery';
import { Redactor } from '../../src/deploy/redactor';
import { isOver, type Deployment, type DeploymentSpec } from '../../src/model/deployment';
import { MemoryDeployEngine } from '../doubles/memoryDeployEngine';

const SPEC: DeploymentSpec = {
  app: 'web',
  source: { kind: 'image', image: 'web:2', pull: 'missing' },
  health: { stableMs: 0 },
};
const FAILURE = { stage: 'health_check', message: 'It was not well.', lastLines: [] } as const;
const NEW_LABELS = { [LABELS.app]: 'web', [LABELS.deployment]: 'd2', [LABELS.journal]: 'j' };

/** A deployment over containers in memory, with a journal whose disk gets full when a test says so. */
class RunFixture {
  readonly engine = new MemoryDeployEngine();
  readonly intents: Intent[] = [];
  readonly states: Deployment[] = [];
  readonly unwritten: Deployment[] = [];
  readonly log: string[] = [];
  /** From the intent of this step on, which is still written. */
  fullAfter: Intent['step'] | undefined;
  private isFull = false;

  constructor() {
    this.engine.images.set('web:2', 'image-2');
  }

  get containers(): readonly string[] {
    return this.engine.all.map(({ name, state }) => `${name} ${state}`);
  }

  run(spec = SPEC): DeploymentRun {
    const { source } = spec;
    return new DeploymentRun({
      deployment: newDeployment({ id: 'd2', app: 'web', source, sourceText: '', startedBy: 'me', nowMs: 0 }),
      spec,
      context: undefined,
      engine: this.engine,
      clock: systemClock,
      tools: machineTools(),
      redactor: new Redactor(),
      journal: 'j',
      folder: {
        makeWorkFolder: () => Promise.reject(new Error('none')),
        makeProjectPath: () => Promise.reject(new Error('none')),
        removeWork: () => Promise.resolve(),
      },
      writer: {
        log: (_stream, text) => this.log.push(text),
        lastLines: [],
        flush: () => Promise.resolve(),
        intent: (intent) => this.write(() => this.intents.push(intent), intent.step),
        state: (deployment) => this.write(() => this.states.push(deployment)),
        close: () => Promise.resolve(),
      },
      announce: () => undefined,
      announceUnwritten: (deployment) => this.unwritten.push(deployment),
      warn: (message) => this.log.push(message),
    });
  }

  /** What another process wrote down is gone on with. */
  async resume(intents: readonly Intent[]): Promise<void> {
    const run = this.run();
    await run.resume(intents, () => goOnWith(run, intents, []));
  }

  private async write(done: () => void, step?: Intent['step']): Promise<void> {
    await Promise.resolve();
    if (this.isFull) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    done();
    if (step !== undefined && step === this.fullAfter) this.isFull = true;
  }
}

describe('the run of a deployment', () => {
  it('keeps a version that is well, where nothing more can be written', async () => {
    const fixture = new RunFixture();
    fixture.engine.add({ name: 'web' });
    fixture.fullAfter = 'healthy';
    await fixture.run().run();
    assert.deepEqual(fixture.containers, ['web running'], fixture.log.join('\n'));
    assert.equal(fixture.engine.named('web')?.labels[LABELS.deployment], 'd2');
    assert.equal(fixture.unwritten.at(-1)?.status, 'success');
    assert.deepEqual(
      fixture.intents.map(({ step }) => step),
      ['begin', 'swap', 'healthy'],
    );
  });

  it('puts the old version back where the disk is full before the new one was found well', async () => {
    const fixture = new RunFixture();
    const { id } = fixture.engine.add({ name: 'web' });
    fixture.fullAfter = 'swap';
    await fixture.run().run();
    assert.deepEqual(fixture.containers, ['web running']);
    assert.equal(fixture.engine.named('web')?.id, id);
    assert.equal(fixture.unwritten.at(-1)?.status, 'rolled_back');
  });

  it('touches no container that would be gone when it is stopped, and says what to do', async () => {
    const fixture = new RunFixture();
    const { id } = fixture.engine.add({ name: 'web', removesItself: true });
    await fixture.run().run();
    assert.deepEqual(fixture.containers, ['web running']);
    assert.equal(fixture.engine.named('web')?.id, id);
    const over = fixture.states.at(-1);
    assert.equal(over?.status, 'failed');
    assert.match(over.failure?.message ?? '', /web was made with --rm.* Remove it yourself/);
  });

  it('keeps the anonymous volumes of a container that somebody else made, and of no other', async () => {
    const fixture = new RunFixture();
    const foreign = fixture.engine.add({ name: 'web' });
    const own = fixture.engine.add({ name: 'web-before', labels: { [LABELS.app]: 'web' } });
    await fixture.run().run();
    assert.deepEqual(fixture.containers, ['web running'], own.name);
    assert.deepEqual(fixture.engine.keptVolumes, [foreign.id]);
  });
});

describe('a deployment that another process left', () => {
  const swapped = (id: string): readonly Intent[] => {
    const old: readonly OldContainer[] = [{ id, name: 'web', wasRunning: true }];
    return [
      { step: 'begin', old },
      { step: 'swap', name: 'web', imageId: 'image-2', old },
      { step: 'healthy', imageId: 'image-2' },
    ];
  };

  it('keeps its new version where that was well, and takes the old one away', async () => {
    const fixture = new RunFixture();
    const old = fixture.engine.add({ name: oldName('web', 'd2'), state: 'exited', isRunning: false });
    const made = fixture.engine.add({ name: 'web', labels: NEW_LABELS });
    await fixture.resume(swapped(old.id));
    assert.deepEqual(fixture.containers, ['web running']);
    assert.equal(fixture.engine.named('web')?.id, made.id);
    assert.equal(fixture.states.at(-1)?.status, 'success');
  });

  it('leaves the old version running that was put back, whether or not that was written down', async () => {
    const undo: Intent = { step: 'undo', isCancelled: false, failure: FAILURE };
    for (const more of [[], [undo]]) {
      const fixture = new RunFixture();
      const { id } = fixture.engine.add({ name: 'web' });
      await fixture.resume([...swapped(id), ...more]);
      assert.deepEqual(fixture.containers, ['web running'], fixture.log.join('\n'));
      const over = fixture.states.at(-1);
      assert.ok(over && isOver(over.status) && over.status !== 'success', JSON.stringify(over));
    }
  });
});
