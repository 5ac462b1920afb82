import { openRemoteEngine, PairedAgent } from '../support/pairedAgent';
import { engineControlOrSkip, testEngineOrSkip } from '../support/testEngine';
import { containerEngineContract } from './containerEngineContract';
import { FakeWorld } from './fakeWorld';
import { RealWorld } from './realWorld';

describe('ContainerEngine over an agent before a real Docker engine', function () {
  this.timeout(120_000);
  let world: RealWorld;
  let agent: PairedAgent | undefined;
  before(async function () {
    world = new RealWorld(testEngineOrSkip(this), engineControlOrSkip(this));
    await world.cleanUp();
    agent = await PairedAgent.start(world.dockerHost);
  });
  after(() => agent?.dispose());
  containerEngineContract(() => ({ world, makeEngine: () => open(agent) }));
});

for (const personality of ['20.10', '25', '29', 'podman'] as const) {
  describe(`ContainerEngine over an agent before the fake engine, personality ${personality}`, function () {
    this.timeout(60_000);
    let world: FakeWorld;
    let agent: PairedAgent | undefined;
    before(async () => {
      world = await FakeWorld.open(personality);
      agent = await PairedAgent.start(world.dockerHost);
    });
    after(async () => {
      await agent?.dispose();
      await world.engine.dispose();
    });
    containerEngineContract(() => ({ world, makeEngine: () => open(agent) }));
  });
}

function open(agent: PairedAgent | undefined): ReturnType<typeof openRemoteEngine> {
  if (!agent) throw new Error('The agent has not been started.');
  return openRemoteEngine(agent.pairing());
}
