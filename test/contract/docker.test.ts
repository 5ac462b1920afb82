import { DockerEngine } from '../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../src/engine/docker/openDockerSession';
import { engineControlOrSkip, testEngineOrSkip } from '../support/testEngine';
import { containerEngineContract } from './containerEngineContract';
import { FakeWorld } from './fakeWorld';
import { RealWorld } from './realWorld';
import type { World } from './world';

function makeDockerEngine(world: World): DockerEngine {
  const log = (): void => undefined;
  return new DockerEngine({ openSession: dockerSessionOpener(() => world.dockerHost, log), log });
}

describe('ContainerEngine over a real Docker engine', function () {
  this.timeout(120_000);
  let world: RealWorld;
  before(async function () {
    world = new RealWorld(testEngineOrSkip(this), engineControlOrSkip(this));
    await world.cleanUp();
  });
  containerEngineContract(() => ({ world, makeEngine: () => makeDockerEngine(world) }));
});

for (const personality of ['20.10', '25', '29', 'podman'] as const) {
  describe(`ContainerEngine over the fake engine, personality ${personality}`, function () {
    this.timeout(60_000);
    let world: FakeWorld;
    before(async () => (world = await FakeWorld.open(personality)));
    after(() => world.engine.dispose());
    containerEngineContract(() => ({ world, makeEngine: () => makeDockerEngine(world) }));
  });
}
