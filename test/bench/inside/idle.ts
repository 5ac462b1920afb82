import * as http from 'node:http';
import * as vscode from 'vscode';
import { DockerEngine } from '../../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../../src/engine/docker/openDockerSession';
import { extensionApi } from '../../extension/extensionApi';
import { eventually } from '../../support/eventually';
import { IDLE_BEGINS, IDLE_ENDS } from '../idleSignals';
import { required } from './environment';
import { reported } from './report';

const MICROSECONDS_PER_MS = 1_000;

/** VS Code calls this in the extension host. */
export const run = reported(async () => {
  const socketPath = required('QUAYWATCH_BENCH_ENGINE');
  const idleMs = Number(required('QUAYWATCH_BENCH_IDLE_MS'));
  // VS Code itself is still starting.
  await cpuMs(idleMs / 2);
  const withoutCpuMs = await cpuMs(idleMs);
  const api = await extensionApi();
  const log = (): void => undefined;
  const openSession = dockerSessionOpener(() => `unix://${socketPath}`, log);
  const engine = new DockerEngine({ openSession, log });
  api.useEngine(engine);
  await vscode.commands.executeCommand('quaywatch.containers.focus');
  engine.connect();
  await eventually('the rows are there', () => api.tree.getChildren().length > 0, 60_000);
  // What follows a first showing is no idleness.
  await cpuMs(idleMs / 2);
  await ask(socketPath, IDLE_BEGINS);
  const shownCpuMs = await cpuMs(idleMs);
  await vscode.commands.executeCommand('workbench.view.explorer');
  const hiddenCpuMs = await cpuMs(idleMs);
  await ask(socketPath, IDLE_ENDS);
  return { seconds: idleMs / 1000, withoutCpuMs, shownCpuMs, hiddenCpuMs };
});

/** The processor time this extension host takes in so many milliseconds. */
async function cpuMs(durationMs: number): Promise<number> {
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, durationMs));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / MICROSECONDS_PER_MS;
}

async function ask(socketPath: string, path: string): Promise<void> {
  await new Promise((resolve, reject) => {
    http.get({ socketPath, path }, (response) => response.on('end', resolve).resume()).on('error', reject);
  });
}
