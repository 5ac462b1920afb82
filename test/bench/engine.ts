import { ensureBusyboxImage } from '../../scripts/lib/images.mjs';
import {
  engineDir,
  ensureDockerInstalled,
  startPrivateEngine,
  whyNoPrivateEngine,
} from '../../scripts/lib/privateEngine.mjs';
import { cleanUp } from '../../scripts/lib/processes.mjs';
import { findTestEngine } from '../support/testEngine';

/** Runs a benchmark against the test engine of the moment, or against a private one started for it. */
export async function withEngine<T>(work: (dockerHost: string) => Promise<T>): Promise<T> {
  const running = findTestEngine();
  if (running) return work(running.dockerHost);
  const obstacle = whyNoPrivateEngine();
  if (obstacle) throw new Error(`This benchmark needs a Docker engine: ${obstacle}`);
  await ensureDockerInstalled();
  const engine = await startPrivateEngine({ dir: await engineDir() });
  try {
    await ensureBusyboxImage({ socketPath: engine.socketPath });
    return await work(`unix://${engine.socketPath}`);
  } finally {
    await cleanUp();
  }
}
