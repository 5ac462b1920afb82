/**
 * `npm test`: everything that proves the product, from a fresh clone. Its very last line is
 * `N passed, N failed, N skipped`.
 *
 *   --only unit,e2e   these tiers alone: check, unit, contract, agent, extension, e2e, rig, bench
 *   --grep PATTERN    only tests whose full title matches
 */
import { parseArgs } from 'node:util';
import { ensureDockerPlugins } from './lib/dockerPlugins.mjs';
import { dockerHostOf, findEngine } from './lib/engineApi.mjs';
import { serveEngineControl } from './lib/engineControl.mjs';
import { ensureBusyboxImage } from './lib/images.mjs';
import {
  ensureComposeInstalled,
  ensureDockerInstalled,
  ensureRegistryInstalled,
  engineDir,
  startPrivateEngine,
  whyNoPrivateEngine,
} from './lib/privateEngine.mjs';
import { ensurePodmanInstalled, podmanDir, startPodman, whyNoPodman } from './lib/podman.mjs';
import { cleanUp, errorText, runMain } from './lib/processes.mjs';
import { ensureDependencies } from './lib/repository.mjs';
import { noResults, printSummary } from './lib/results.mjs';
import { packageExtension } from './lib/vsix.mjs';

const { values } = parseArgs({ options: { only: { type: 'string' }, grep: { type: 'string' } } });

await runMain(async (stop) => {
  const startedAt = Date.now();
  await ensureDependencies();
  const { TIERS } = await import('./lib/tiers.mjs');
  const tiers = chosenTiers(TIERS);
  /** @type {Map<string, import('./lib/results.mjs').Results>} */
  const results = new Map();
  /** @type {NodeJS.ProcessEnv} */
  let env = {};
  for (const tier of tiers) {
    if (stop.aborted) break;
    console.log(`\n── ${tier.name} ──`);
    const tierStartedAt = Date.now();
    try {
      if (tier.needsEngine && !('QUAYWATCH_TEST_ENGINE' in env))
        env = { ...env, ...(await engineEnvironment()) };
      if (tier.needsPodman && !('QUAYWATCH_TEST_PODMAN' in env))
        env = { ...env, ...(await podmanEnvironment()) };
      if (tier.needsPackage && !env['QUAYWATCH_VSIX'])
        env = { ...env, QUAYWATCH_VSIX: (await packageExtension()).path };
      results.set(tier.name, await tier.run({ grep: values.grep, env }));
    } catch (error) {
      console.error(errorText(error));
      results.set(tier.name, {
        ...noResults(),
        failed: [{ title: 'setting up', message: errorText(error) }],
      });
    }
    console.log(`── ${tier.name}: ${seconds(tierStartedAt)} s`);
  }
  await cleanUp();
  if (stop.aborted) return 1;
  console.log(`\nIn ${seconds(startedAt)} s:`);
  return printSummary(results);
});

/** @param {readonly import('./lib/tiers.mjs').Tier[]} tiers */
function chosenTiers(tiers) {
  const names = values.only?.split(',');
  const unknown = names?.filter((name) => !tiers.some((tier) => tier.name === name)) ?? [];
  if (unknown.length > 0) throw new Error(`no such tier: ${unknown.join(', ')}`);
  return tiers.filter(
    (tier) => (names ? names.includes(tier.name) : !values.grep || tier.name !== 'check') && tier.isPresent(),
  );
}

/**
 * What tests learn about the engine: one of our own to control, else one that answers, else why there is none.
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
async function engineEnvironment() {
  const obstacle = whyNoPrivateEngine();
  if (!obstacle) {
    await ensureDockerInstalled();
    await ensureComposeInstalled();
    const engine = await startPrivateEngine({ dir: await engineDir() });
    await ensureBusyboxImage({ socketPath: engine.socketPath });
    const handover = await serveEngineControl(engine);
    const noRegistry = await ensureRegistryInstalled();
    const plugins = await ensureDockerPlugins();
    return {
      QUAYWATCH_TEST_ENGINE: handover,
      DOCKER_HOST: `unix://${engine.socketPath}`,
      ...(noRegistry !== undefined && { QUAYWATCH_NO_TEST_REGISTRY: noRegistry }),
      ...('folder' in plugins
        ? { QUAYWATCH_TEST_DOCKER_PLUGINS: plugins.folder }
        : { QUAYWATCH_NO_TEST_DOCKER_PLUGINS: plugins.obstacle }),
    };
  }
  const borrowed = await findEngine();
  if (!borrowed || !('socketPath' in borrowed)) {
    return {
      QUAYWATCH_TEST_ENGINE: '',
      QUAYWATCH_NO_TEST_ENGINE: `${obstacle}, and no local engine answers`,
    };
  }
  console.log(`Using the engine that answers (${obstacle}).`);
  await ensureBusyboxImage(borrowed);
  return { QUAYWATCH_TEST_ENGINE: JSON.stringify(borrowed), DOCKER_HOST: dockerHostOf(borrowed) };
}

/**
 * What tests learn about Podman: one of our own to control, or why there is none. That apt has none to install
 * is no failure: it is a second engine beside the one that everything is tested with.
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
async function podmanEnvironment() {
  const obstacle = whyNoPodman() ?? (await ensurePodmanInstalled().then(() => undefined, errorText));
  if (obstacle) return { QUAYWATCH_TEST_PODMAN: '', QUAYWATCH_NO_TEST_PODMAN: obstacle };
  const podman = await startPodman({ dir: await podmanDir() });
  await ensureBusyboxImage({ socketPath: podman.socketPath });
  return { QUAYWATCH_TEST_PODMAN: await serveEngineControl(podman) };
}

/** @param {number} since */
function seconds(since) {
  return ((Date.now() - since) / 1000).toFixed(1);
}
