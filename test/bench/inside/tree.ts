import * as http from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import * as vscode from 'vscode';
import { DockerEngine } from '../../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../../src/engine/docker/openDockerSession';
import { extensionApi } from '../../extension/extensionApi';
import { eventually } from '../../support/eventually';
import { required } from './environment';
import { reported } from './report';

const STORM_MS = 11_000;
const NANOSECONDS_PER_MS = 1_000_000;

/** VS Code calls this in the extension host. */
export const run = reported(async () => {
  const socketPath = required('QUAYWATCH_BENCH_ENGINE');
  const signalId = required('QUAYWATCH_BENCH_SIGNAL');
  const api = await extensionApi();
  const plainHttpMs = await plainListMs(socketPath);

  const log = (): void => undefined;
  const openSession = dockerSessionOpener(() => `unix://${socketPath}`, log);
  const startedMs = performance.now();
  const engine = new DockerEngine({ openSession, log });
  api.useEngine(engine);
  await vscode.commands.executeCommand('quaywatch.containers.focus');
  engine.connect();
  await eventually('connected', () => engine.connection.kind === 'ready', 60_000);
  const readyMs = performance.now() - startedMs;
  let refreshed = 0;
  const counting = api.onDidRefresh((nodes) => (refreshed += Array.isArray(nodes) ? nodes.length : 1));
  await eventually('the rows are there', () => api.tree.getChildren().length > 0, 60_000);
  const shownMs = performance.now() - startedMs;

  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await engine.perform({ kind: 'pause', id: signalId });
  await eventually('the one node is refreshed', () => refreshed > 0);
  const refreshesOfOneEvent = refreshed;
  await new Promise((resolve) => setTimeout(resolve, STORM_MS));
  delay.disable();
  counting.dispose();
  return {
    readyMs,
    shownMs,
    plainHttpMs,
    readyVsPlainHttp: readyMs / plainHttpMs,
    refreshesOfOneEvent,
    refreshesInStorm: refreshed - refreshesOfOneEvent,
    stormLoopDelayP50Ms: delay.percentile(50) / NANOSECONDS_PER_MS,
    stormLoopDelayP99Ms: delay.percentile(99) / NANOSECONDS_PER_MS,
    stormLoopDelayMaxMs: delay.max / NANOSECONDS_PER_MS,
  };
});

/** The peer: the same list with nothing but `http.get` and `JSON.parse`. */
async function plainListMs(socketPath: string): Promise<number> {
  const startedMs = performance.now();
  const text = await new Promise<string>((resolve, reject) => {
    const request = http.get({ socketPath, path: '/containers/json?all=1' }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks).toString()));
    });
    request.on('error', reject);
  });
  JSON.parse(text);
  return performance.now() - startedMs;
}
