import assert from 'node:assert/strict';
import { DockerEngine } from '../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../src/engine/docker/openDockerSession';
import type { ContainerId } from '../../src/model/container';
import { eventually } from '../support/eventually';
import { engineControlOrSkip, testPodmanOrSkip } from '../support/testEngine';
import { containerEngineContract } from './containerEngineContract';
import { ContractFixture } from './contractFixture';
import { PODMAN, RealWorld } from './realWorld';

describe('ContainerEngine over a real Podman', function () {
  this.timeout(120_000);
  let world: RealWorld;
  before(async function () {
    const podman = testPodmanOrSkip(this);
    world = new RealWorld(podman, engineControlOrSkip(this, podman), PODMAN);
    await world.cleanUp();
  });
  const log = (): void => undefined;
  const subject = () => ({
    world,
    makeEngine: () =>
      new DockerEngine({ openSession: dockerSessionOpener(() => world.dockerHost, log), log }),
  });
  containerEngineContract(subject);
  describe('parts of lines', () => parts(new ContractFixture(subject)));
});

/** Podman stores whatever a process has written so far, and stamps each part with its own time. */
function parts(fixture: ContractFixture): void {
  beforeEach(() => fixture.connect());

  async function ended(id: ContainerId): Promise<void> {
    await fixture.becomes(id, 'exited', ({ state }) => state === 'exited');
  }

  async function readAll(id: ContainerId): Promise<readonly string[]> {
    const log = fixture.follow(id, { tail: 'all', follow: false });
    await eventually('the end', () => log.hasEnded);
    assert.equal(log.error, undefined);
    return log.texts;
  }

  it('joins what a program with a buffer cuts anywhere', async () => {
    const numbers = Array.from({ length: 50_000 }, (_, index) => `line ${index + 1} of a program`);
    const command = `awk 'BEGIN { for (i = 1; i <= ${numbers.length}; i++) print "line " i " of a program" }' | cat`;
    const id = await fixture.world.run({ name: 'buffered', command, exitCode: 0 });
    await ended(id);
    assert.deepEqual(await readAll(id), numbers);
  });

  it('joins what is written slowly, over the turn of a second, beside the other stream', async () => {
    const command =
      'printf pro; for i in 1 2 3 4 5 6; do sleep 0.2; printf .; echo $i >&2; done; echo gress; echo done';
    const id = await fixture.world.run({ name: 'slow', command, exitCode: 0 });
    const log = fixture.follow(id, { tail: 'all', follow: true });
    await eventually(
      () => `8 lines, but ${log.texts.join()}`,
      () => log.texts.length === 8,
    );
    assert.deepEqual(log.textsOf('stdout'), ['pro......gress', 'done']);
    assert.deepEqual(log.textsOf('stderr'), ['1', '2', '3', '4', '5', '6']);
  });

  for (const length of [8_191, 8_192, 8_193, 16_384, 65_536, 1_048_576]) {
    it(`joins a line of ${length} bytes`, async () => {
      const output = [
        { stream: 'stdout' as const, text: 'ab', times: Math.floor(length / 2) },
        { stream: 'stdout' as const, text: `${length % 2 === 0 ? '' : 'a'}\nnext\n` },
      ];
      const id = await fixture.world.run({ name: 'long', output, exitCode: 0 });
      await ended(id);
      const texts = await readAll(id);
      assert.deepEqual(
        texts.map((text) => text.length),
        [length, 4],
      );
      assert.ok('ab'.repeat(Math.ceil(length / 2)).startsWith(texts[0] ?? '-'));
    });
  }

  it('does not glue an unterminated last line to the first of the next run', async () => {
    const output = [{ stream: 'stdout' as const, text: 'first\ntail' }];
    const id = await fixture.world.run({ name: 'broken-off', output });
    await eventually('a second later than the first run', await secondsAfterStart(id));
    await fixture.world.die(id, 1);
    await fixture.world.start(id);
    let texts = await readAll(id);
    while (texts.join('') !== 'firsttailfirsttail') texts = await readAll(id);
    assert.deepEqual(texts, ['first', 'tail', 'first', 'tail']);
  });

  /** Stamps tell seconds apart, nothing shorter. */
  async function secondsAfterStart(id: ContainerId): Promise<() => boolean> {
    const { State: state } = (await fixture.engine.inspect(id)) as { State: { StartedAt: string } };
    const nextSecondMs = (Math.floor(Date.parse(state.StartedAt) / 1000) + 2) * 1000;
    return () => Date.now() >= nextSecondMs;
  }
}
