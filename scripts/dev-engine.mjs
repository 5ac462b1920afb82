/**
 * A private Docker engine in the foreground, for developing: test/support/testEngine.ts finds it by its fixed
 * place when no runner handed one over. Ctrl-C ends it and everything in it.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveEngineControl } from './lib/engineControl.mjs';
import { BUSYBOX_IMAGE, ensureBusyboxImage } from './lib/images.mjs';
import { ensureDockerInstalled, startPrivateEngine, whyNoPrivateEngine } from './lib/privateEngine.mjs';
import { runMain } from './lib/processes.mjs';

await runMain(async (stop) => {
  const obstacle = whyNoPrivateEngine();
  if (obstacle) throw new Error(obstacle);
  await ensureDockerInstalled();
  const engine = await startPrivateEngine({ dir: join(tmpdir(), 'quaywatch-dev') });
  await ensureBusyboxImage({ socketPath: engine.socketPath });
  const handover = await serveEngineControl(engine);
  console.log(`Image:  ${BUSYBOX_IMAGE}`);
  console.log(`Engine: export DOCKER_HOST=unix://${engine.socketPath}`);
  console.log(`Tests:  export QUAYWATCH_TEST_ENGINE='${handover}'`);
  console.log('Ctrl-C ends it.');
  await new Promise((resolve) => stop.addEventListener('abort', resolve));
  return 0;
});
