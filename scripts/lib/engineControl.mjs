/**
 * Lets test processes control the engine that the runner started: a small HTTP server on a unix socket in the
 * engine's folder (mode 0700), `POST /stop|start|restart|kill9` and `GET /state`. test/support/testEngine.ts
 * is its client.
 */
import { createServer } from 'node:http';
import { join } from 'node:path';
import { atEnd, errorText } from './processes.mjs';

/**
 * What the controls need of an engine.
 * @typedef {Pick<import('./privateEngine.mjs').PrivateEngine, 'dir' | 'socketPath' | 'pid' | 'containerdPid' | 'start' | 'stop' | 'restart' | 'kill9'>} ControlledEngine
 */

/**
 * @param {ControlledEngine} engine
 * @returns {Promise<string>} the value for QUAYWATCH_TEST_ENGINE, or QUAYWATCH_TEST_PODMAN
 */
export async function serveEngineControl(engine) {
  const controlPath = join(engine.dir, 'control.sock');
  const { start, stop, restart, kill9 } = engine;
  /** @type {Record<string, () => Promise<void>>} */
  const actions = { '/start': start, '/stop': stop, '/restart': restart, '/kill9': kill9 };
  const server = createServer(async (request, response) => {
    const action = actions[request.url ?? ''];
    try {
      if (request.method === 'POST' && action) await action();
      else if (request.url !== '/state') throw new Error(`unknown action ${request.url}`);
      const { pid, containerdPid, socketPath } = engine;
      response.end(JSON.stringify({ pid, containerdPid, socketPath }));
    } catch (error) {
      response.writeHead(500).end(errorText(error));
    }
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(controlPath, () => resolve(undefined));
  });
  atEnd(() => server.close());
  return JSON.stringify({ socketPath: engine.socketPath, controlPath });
}
