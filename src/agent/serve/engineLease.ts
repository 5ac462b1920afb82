import { toDisposable, type Disposable } from '../../base/lifecycle';
import type { ContainerEngine } from '../../engine/engine';
import type { EngineHealth } from './health';

/** An engine for as long as somebody needs one. */
export interface LeasedEngine<Engine extends ContainerEngine = ContainerEngine> extends Disposable {
  readonly engine: Engine;
}

/**
 * The one engine that all clients share. It is made and connected when the first of them needs it, and let go when the
 * last has left: with nobody connected the agent asks the engine for nothing, whatever happens there.
 */
export class EngineLease<Engine extends ContainerEngine = ContainerEngine> implements Disposable {
  private engine: Engine | undefined;
  private holders = 0;

  constructor(private readonly make: () => Engine) {}

  get health(): EngineHealth {
    if (this.engine === undefined) return 'idle';
    return this.engine.connection.kind === 'ready' ? 'ready' : 'away';
  }

  acquire(): LeasedEngine<Engine> {
    this.holders += 1;
    const engine = (this.engine ??= this.make());
    engine.connect();
    const release = toDisposable(() => this.release(engine));
    return { engine, dispose: () => release.dispose() };
  }

  dispose(): void {
    this.engine?.dispose();
    this.engine = undefined;
  }

  private release(engine: Engine): void {
    this.holders -= 1;
    if (this.holders === 0 && this.engine === engine) this.dispose();
  }
}
