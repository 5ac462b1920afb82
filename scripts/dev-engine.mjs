/**
 * A private Docker engine in the foreground, for developing: test/support/testEngine.ts finds it by its fixed
 * place when no runner handed one over. Ctrl-C ends it and everything in it.
 *
 *   --podman   a private Podman instead
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureDockerPlugins } from './lib/dockerPlugins.mjs';
import { serveEngineControl } from './lib/engineControl.mjs';
import { BUSYBOX_IMAGE, ensureBusyboxImage } from './lib/images.mjs';
import { ensureDockerInstalled, startPrivateEngine, whyNoPrivateEngine } from './lib/privateEngine.mjs';
import { ensurePodmanInstalled, startPodman, whyNoPodman } from './lib/podman.mjs';
import { runMain } from './lib/processes.mjs';

const USAGE = `node scripts/dev-engine.mjs [--podman]

A private Docker engine, or Podman, in the foreground, for tests that are run by hand. Linux, root.`;

const { values } = parseArgs({
  options: { podman: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}

await runMain(async (stop) => {
  const engine = await (values.podman ? podman() : docker());
  await ensureBusyboxImage({ socketPath: engine.socketPath });
  const handover = await serveEngineControl(engine);
  console.log(`Image:  ${BUSYBOX_IMAGE}`);
  console.log(`Engine: export DOCKER_HOST=unix://${engine.socketPath}`);
  console.log(
    `Tests:  export ${values.podman ? 'QUAYWATCH_TEST_PODMAN' : 'QUAYWATCH_TEST_ENGINE'}='${handover}'`,
  );
  const plugins = await ensureDockerPlugins();
  if ('folder' in plugins) console.log(`        export QUAYWATCH_TEST_DOCKER_PLUGINS=${plugins.folder}`);
  else console.log(`        ${plugins.obstacle}`);
  console.log('Ctrl-C ends it.');
  await new Promise((resolve) => stop.addEventListener('abort', resolve));
  return 0;
});

async function docker() {
  const obstacle = whyNoPrivateEngine();
  if (obstacle) throw new Error(obstacle);
  await ensureDockerInstalled();
  return startPrivateEngine({ dir: join(tmpdir(), 'quaywatch-dev') });
}

async function podman() {
  const obstacle = whyNoPodman();
  if (obstacle) throw new Error(obstacle);
  await ensurePodmanInstalled();
  return startPodman({ dir: join(tmpdir(), 'quaywatch-dev-podman') });
}
