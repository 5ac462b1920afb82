import type { ContainerId } from '../../src/model/container';
import { FakeEngine, type PersonalityName } from '../doubles/fakeEngine/fakeEngine';
import {
  ANY_LINE_LENGTH,
  NANOSECOND_TIMESTAMP,
  type ContainerSpec,
  type Expected,
  type World,
} from './world';

const LOGS = { timestamp: NANOSECOND_TIMESTAMP, longestTerminalLine: ANY_LINE_LENGTH };

const EXPECTED: Readonly<Record<PersonalityName, Expected>> = {
  '20.10': { product: 'Docker', version: /^20\.10/, apiVersion: '1.41', ...LOGS },
  '25': { product: 'Docker', version: /^25/, apiVersion: '1.44', ...LOGS },
  '29': { product: 'Docker', version: /^29/, apiVersion: '1.52', ...LOGS },
  podman: { product: 'Libpod', version: /^4\./, apiVersion: '1.41', ...LOGS },
};

/** The fake engine in one of its personalities. */
export class FakeWorld implements World {
  readonly expected: Expected;
  private readonly outputs = new Map<ContainerId, ContainerSpec>();

  private constructor(readonly engine: FakeEngine) {
    this.expected = EXPECTED[engine.personality.name];
  }

  static async open(personality: PersonalityName): Promise<FakeWorld> {
    return new FakeWorld(await new FakeEngine({ personality }).listen());
  }

  get dockerHost(): string {
    return this.engine.dockerHost;
  }

  create(spec: ContainerSpec): Promise<ContainerId> {
    const { id } = this.engine.create({
      name: spec.name,
      labels: spec.labels ?? {},
      tty: spec.tty ?? false,
      ...(spec.failingHealthCheck === true && { health: 'starting' }),
      ...(spec.logDriver && { logDriver: spec.logDriver }),
    });
    this.outputs.set(id, spec);
    return Promise.resolve(id);
  }

  async run(spec: ContainerSpec): Promise<ContainerId> {
    const id = await this.create(spec);
    await this.start(id);
    return id;
  }

  start(id: ContainerId): Promise<void> {
    const spec = this.outputs.get(id);
    this.engine.start(id);
    for (const { stream, text, times = 1 } of spec?.output ?? []) {
      this.engine.writeLog(id, stream, text.repeat(times));
    }
    if (spec?.failingHealthCheck === true) this.engine.health(id, 'unhealthy');
    if (spec?.exitCode !== undefined) this.engine.die(id, spec.exitCode);
    return Promise.resolve();
  }

  stop(id: ContainerId): Promise<void> {
    return done(() => this.engine.stop(id));
  }

  pause(id: ContainerId): Promise<void> {
    return done(() => this.engine.pause(id));
  }

  unpause(id: ContainerId): Promise<void> {
    return done(() => this.engine.unpause(id));
  }

  rename(id: ContainerId, name: string): Promise<void> {
    return done(() => this.engine.rename(id, name));
  }

  remove(id: ContainerId): Promise<void> {
    this.outputs.delete(id);
    return done(() => this.engine.remove(id, { force: true }));
  }

  die(id: ContainerId, exitCode: number): Promise<void> {
    return done(() => this.engine.die(id, exitCode));
  }

  write(id: ContainerId, text: string): Promise<void> {
    return done(() => this.engine.writeLog(id, 'stdout', text));
  }

  stopEngine(): Promise<void> {
    return done(() => this.engine.stopListening());
  }

  startEngine(): Promise<void> {
    return this.engine.listenAgain();
  }

  cleanUp(): Promise<void> {
    for (const { id } of [...this.engine.containers]) this.engine.remove(id, { force: true });
    return Promise.resolve();
  }
}

/** The fake engine's controls act at once. */
function done(act: () => void): Promise<void> {
  act();
  return Promise.resolve();
}
