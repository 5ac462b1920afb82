import assert from 'node:assert/strict';
import { stat, truncate } from 'node:fs/promises';
import { DockerEngine } from '../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../src/engine/docker/openDockerSession';
import type { ContainerId } from '../../src/model/container';
import { eventually } from '../support/eventually';
import { hastyClock } from '../support/hastyClock';
import { checkForLeaks } from '../support/leaks';
import { skipWithReason } from '../support/skip';
import { engineControlOrSkip, testEngineOrSkip } from '../support/testEngine';
import { ContractFixture, FOLLOW, withCode } from './contractFixture';
import { RealWorld } from './realWorld';

describe('what goes wrong with one log', () => {
  checkForLeaks();
  describe('over a real Docker engine', troubles);
});

function troubles(): void {
  let world: RealWorld;
  before(async function () {
    world = new RealWorld(testEngineOrSkip(this), engineControlOrSkip(this));
    await world.cleanUp();
  });
  const log = (): void => undefined;
  const fixture = new ContractFixture(() => ({
    world,
    makeEngine: () =>
      new DockerEngine({
        openSession: dockerSessionOpener(() => world.dockerHost, log),
        log,
        clock: hastyClock,
      }),
  }));
  beforeEach(() => fixture.connect());

  const said = (text: string) => [{ stream: 'stdout' as const, text }];

  /** Two logs that nothing happens to, and that they go on. */
  async function bystanders() {
    const ids = [
      await world.run({ name: 'bystander-1', output: said('here\n') }),
      await world.run({ name: 'bystander-2', output: said('here\n') }),
    ];
    const logs = ids.map((id) => fixture.follow(id));
    await eventually('they are read', () => logs.every(({ texts }) => texts.length === 1));
    return async () => {
      for (const id of ids) await world.write(id, 'still here\n');
      await eventually('they go on', () => logs.every(({ texts }) => texts.length === 2));
      for (const { texts, markers, hasEnded } of logs) {
        assert.deepEqual([texts, markers, hasEnded], [['here', 'still here'], [], false]);
      }
    };
  }

  it('a container removed while it is read: said once, and the others go on', async () => {
    const goOn = await bystanders();
    const id = await world.run({ name: 'doomed', output: said('last words\n') });
    const doomed = fixture.follow(id);
    await eventually('it is read', () => doomed.texts.length === 1);
    await world.remove(id);
    await eventually('the removal is told', () => doomed.markers.length > 0);
    await goOn();
    assert.deepEqual([doomed.texts, doomed.markers], [['last words'], [{ kind: 'removed' }]]);
    assert.equal(doomed.hasEnded, false);
  });

  it('a container that is removed before its log is asked for: the same', async () => {
    const id = await world.run({ name: 'gone' });
    await world.remove(id);
    const once = fixture.follow(id, { tail: 10, follow: false });
    await eventually('the end', () => once.hasEnded);
    assert.ok(withCode('noSuchContainer')(once.error), String(once.error));
  });

  it('the driver none: the engine’s reason, and the others go on', async () => {
    const goOn = await bystanders();
    const mute = fixture.follow(await world.run({ name: 'mute', logDriver: 'none' }));
    await eventually('the end', () => mute.hasEnded);
    assert.ok(withCode('notSupported')(mute.error), String(mute.error));
    assert.match(mute.error?.message ?? '', /configured logging driver does not support reading/);
    await goOn();
  });

  it('a since in the future: nothing, and no error', async () => {
    const id = await world.run({ name: 'early', output: said('too early\n') });
    const since = new Date(Date.now() + 3_600_000).toISOString();
    const once = fixture.follow(id, { tail: 'all', since, follow: false });
    const followed = fixture.follow(id, { ...FOLLOW, since });
    await eventually('the end', () => once.hasEnded);
    await world.write(id, 'also too early\n');
    const written = fixture.follow(await world.run({ name: 'later', output: said('later\n') }));
    await eventually('what was written later is read', () => written.texts.length === 1);
    assert.deepEqual([once.texts, once.error], [[], undefined]);
    assert.deepEqual([followed.texts, followed.markers, followed.hasEnded], [[], [], false]);
  });

  it('a log file truncated from outside: what is written then is read, nothing doubled', async function () {
    const goOn = await bystanders();
    const id = await world.run({ name: 'cut-short', output: said('one\ntwo\nthree\n') });
    const followed = fixture.follow(id);
    await eventually('it is read', () => followed.texts.length === 3);
    const file = await logFile(id);
    if (file === undefined) skipWithReason(this, "the engine's own files can't be written here");
    await truncate(file, 0);
    await world.write(id, 'four\n');
    await eventually(
      () => `four, but ${followed.texts.join()}`,
      () => followed.texts.length >= 4,
    );
    await world.write(id, 'five\n');
    await eventually(
      () => `five, but ${followed.texts.join()}`,
      () => followed.texts.length >= 5,
    );
    assert.deepEqual(followed.texts, ['one', 'two', 'three', 'four', 'five']);
    // Nothing is missing. Where the engine's stream hangs, the place is looked for, and not found.
    assert.ok(['', 'gap'].includes(followed.markerKinds.join()), followed.markerKinds.join());
    await goOn();
  });

  /** Where the engine keeps a log, if that can be reached from here. */
  async function logFile(id: ContainerId): Promise<string | undefined> {
    const { LogPath: logPath } = (await fixture.engine.inspect(id)) as { LogPath: string };
    return stat(logPath).then(
      () => logPath,
      () => undefined,
    );
  }
}
