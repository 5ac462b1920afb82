import { DisposableStore, toDisposable } from '../../base/lifecycle';
import { EngineError, type ContainerEngine } from '../../engine/engine';

/**
 * Connects once, and disposes the engine whatever comes of it. Rejects with what kept it from being connected.
 *
 * @returns whether it was connected; false when it was aborted
 */
export function firstConnection(engine: ContainerEngine, signal: AbortSignal): Promise<boolean> {
  const store = new DisposableStore();
  store.add(engine);
  return new Promise<boolean>((resolve, reject) => {
    const abort = (): void => resolve(false);
    const check = (): void => {
      const { connection } = engine;
      if (connection.kind === 'ready') resolve(true);
      else if (connection.kind === 'waiting' && isAgentThere(connection.failure)) resolve(true);
      else if (connection.kind === 'waiting') reject(connection.failure);
      else if (connection.kind === 'closed') reject(new EngineError('connectionLost', 'It was closed.'));
    };
    signal.addEventListener('abort', abort);
    store.add(toDisposable(() => signal.removeEventListener('abort', abort)));
    store.add(engine.onDidChangeConnection(check));
    if (signal.aborted) abort();
    else engine.connect();
    check();
  }).finally(() => store.dispose());
}

/** The agent let us in; that its engine is away is another matter. */
function isAgentThere(failure: EngineError): boolean {
  return failure.code === 'agentEngineAway';
}
