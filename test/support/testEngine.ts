/**
 * The Docker engine that tests run against. The runner (`npm test`) starts it and hands it over in
 * QUAYWATCH_TEST_ENGINE; without a runner it is the one of `node scripts/dev-engine.mjs`, when that runs.
 */
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { skipWithReason, type Skippable } from './skip';

/** A shell and the usual applets; present in every test engine. */
export const busyboxImage = 'quaywatch/busybox:1';
/** Label every container, network and volume with it: on a borrowed engine only these may be touched. */
export const testLabel = 'quaywatch.test';

const controlTimeoutMs = 120_000;

export interface EngineState {
  /** Of dockerd; 0 while the engine is stopped. */
  readonly pid: number;
  readonly containerdPid: number;
  readonly socketPath: string;
}

export interface EngineControl {
  state(): Promise<EngineState>;
  /** Resolves when the engine answers; at once when it runs already. */
  start(): Promise<EngineState>;
  /** A polite stop: running containers are stopped with the engine. */
  stop(): Promise<EngineState>;
  restart(): Promise<EngineState>;
  /** SIGKILL to dockerd alone, which stays down until `start`; its containers live on until then. */
  kill9(): Promise<EngineState>;
}

export interface TestEngine {
  readonly socketPath: string;
  /** For DOCKER_HOST. */
  readonly dockerHost: string;
  /** Undefined for a borrowed engine, which must not be restarted. */
  readonly control: EngineControl | undefined;
}

/** The engine, or undefined when there is none. */
export function findTestEngine(): TestEngine | undefined {
  const handover = process.env['QUAYWATCH_TEST_ENGINE'];
  if (handover) return parseHandover(handover);
  const devFolder = join(tmpdir(), 'quaywatch-dev');
  const controlPath = join(devFolder, 'control.sock');
  return existsSync(controlPath) ? makeTestEngine(join(devFolder, 'docker.sock'), controlPath) : undefined;
}

/** The Podman of the runner or of `node scripts/dev-engine.mjs --podman`, or undefined when there is none. */
function findTestPodman(): TestEngine | undefined {
  const handover = process.env['QUAYWATCH_TEST_PODMAN'];
  if (handover) return parseHandover(handover);
  const devFolder = join(tmpdir(), 'quaywatch-dev-podman');
  const controlPath = join(devFolder, 'control.sock');
  return existsSync(controlPath) ? makeTestEngine(join(devFolder, 'podman.sock'), controlPath) : undefined;
}

/** For a `before` hook: a Podman of our own, or all tests of the suite are skipped with the reason. */
export function testPodmanOrSkip(context: Skippable): TestEngine {
  const why =
    process.env['QUAYWATCH_NO_TEST_PODMAN'] ?? 'no Podman: run node scripts/dev-engine.mjs --podman';
  return findTestPodman() ?? skipWithReason(context, why);
}

/** For a `before` hook: the engine, or all tests of the suite are skipped with the reason. */
export function testEngineOrSkip(context: Skippable): TestEngine {
  return (
    findTestEngine() ??
    skipWithReason(
      context,
      process.env['QUAYWATCH_NO_TEST_ENGINE'] ?? 'no Docker engine: run node scripts/dev-engine.mjs',
    )
  );
}

/** For a `before` hook: the engine's controls, or all tests of the suite are skipped with the reason. */
export function engineControlOrSkip(
  context: Skippable,
  { control }: TestEngine = testEngineOrSkip(context),
): EngineControl {
  return control ?? skipWithReason(context, 'the engine is not ours to restart');
}

function parseHandover(text: string): TestEngine {
  const parsed = JSON.parse(text) as { socketPath?: unknown; controlPath?: unknown };
  const { socketPath, controlPath } = parsed;
  if (typeof socketPath !== 'string') throw new Error('QUAYWATCH_TEST_ENGINE names no socketPath');
  return makeTestEngine(socketPath, typeof controlPath === 'string' ? controlPath : undefined);
}

function makeTestEngine(socketPath: string, controlPath: string | undefined): TestEngine {
  const scheme = process.platform === 'win32' ? 'npipe' : 'unix';
  const control = controlPath === undefined ? undefined : makeControl(controlPath);
  return { socketPath, dockerHost: `${scheme}://${socketPath}`, control };
}

function makeControl(controlPath: string): EngineControl {
  return {
    state: () => askControl(controlPath, 'GET', '/state'),
    start: () => askControl(controlPath, 'POST', '/start'),
    stop: () => askControl(controlPath, 'POST', '/stop'),
    restart: () => askControl(controlPath, 'POST', '/restart'),
    kill9: () => askControl(controlPath, 'POST', '/kill9'),
  };
}

function askControl(socketPath: string, method: string, path: string): Promise<EngineState> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { socketPath, method, path, agent: false, timeout: controlTimeoutMs },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.once('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(text) as EngineState);
          else reject(new Error(`engine control ${path}: ${text}`));
        });
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error(`engine control ${path}: no answer`)));
    outgoing.once('error', reject);
    outgoing.end();
  });
}
