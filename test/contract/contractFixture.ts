import type { ContainerEngine } from '../../src/engine/engine';
import { EngineError } from '../../src/engine/engine';
import { DisposableStore } from '../../src/base/lifecycle';
import type { Container, ContainerId } from '../../src/model/container';
import type { LogRequest } from '../../src/model/log';
import { eventually } from '../support/eventually';
import { LogCollector } from '../support/logCollector';
import type { World } from './world';

/** A side of the port under test, and the world it looks at. */
export interface ContractSubject {
  readonly world: World;
  makeEngine(): ContainerEngine;
}

export const FOLLOW: LogRequest = { tail: 100, follow: true };

export const withCode = (code: string) => (error: unknown) =>
  error instanceof EngineError && error.code === code;

/** What the tests of the contract share: a fresh engine for each, and ways to wait for what it shows. */
export class ContractFixture {
  readonly store = new DisposableStore();
  private current: { readonly world: World; readonly engine: ContainerEngine } | undefined;

  /** To be called inside `describe`. */
  constructor(subject: () => ContractSubject) {
    beforeEach(() => (this.current = { world: subject().world, engine: subject().makeEngine() }));
    afterEach(async () => {
      this.store.clear();
      this.engine.dispose();
      await this.world.cleanUp();
    });
  }

  get world(): World {
    if (!this.current) throw new Error('There is a world only while a test runs.');
    return this.current.world;
  }

  get engine(): ContainerEngine {
    if (!this.current) throw new Error('There is an engine only while a test runs.');
    return this.current.engine;
  }

  async connect(): Promise<void> {
    this.engine.connect();
    await eventually(
      () => `connected, but ${JSON.stringify(this.engine.connection)}`,
      () => this.engine.connection.kind === 'ready',
    );
  }

  shown(id: ContainerId): Container | undefined {
    return this.engine.containers?.get(id);
  }

  async becomes(id: ContainerId, what: string, condition: (container: Container) => boolean): Promise<void> {
    await eventually(
      () => `${what}, but ${JSON.stringify(this.shown(id))}`,
      () => {
        const container = this.shown(id);
        return container !== undefined && condition(container);
      },
    );
  }

  follow(id: ContainerId, request: LogRequest = FOLLOW): LogCollector {
    const collector = new LogCollector();
    this.store.add(this.engine.followLog(id, request, collector));
    return collector;
  }
}
