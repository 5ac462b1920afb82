import type { FakeContainer } from './container';
import type { EngineCore } from './core';
import { NANOSECONDS_PER_SECOND } from './time';

const BULK_PROJECTS = 20;

/** Adds many stopped containers at once, without events: they were there before anyone looked. */
export function addStopped(core: EngineCore, count: number): FakeContainer[] {
  return addMany(core, count, 'stopped', (container, ageNs) => {
    container.state = 'exited';
    container.exitCode = core.random.pick([0, 0, 0, 1, 137]);
    container.finishedNs = container.startedNs + ageNs / 2n;
  });
}

/** Adds many running containers at once, without events. */
export function addRunning(core: EngineCore, count: number): FakeContainer[] {
  return addMany(core, count, 'running', (container) => (container.state = 'running'));
}

function addMany(
  core: EngineCore,
  count: number,
  prefix: string,
  finish: (container: FakeContainer, ageNs: bigint) => void,
): FakeContainer[] {
  const nowNs = core.clock.nowNs();
  const width = String(count).length;
  const offset = core.containers.size;
  return Array.from({ length: count }, (_, index) => {
    const ageNs = BigInt(index + 1) * NANOSECONDS_PER_SECOND;
    const container = core.addContainer({
      name: freeName(core, `${prefix}-${String(index + 1).padStart(width, '0')}`, offset),
      image: `registry.example/bulk/${prefix}:1`,
      command: ['/bin/run', prefix],
      labels: {
        'com.docker.compose.project': `bulk${index % BULK_PROJECTS}`,
        'com.docker.compose.service': prefix,
      },
      createdNs: nowNs - ageNs,
    });
    container.startedNs = nowNs - ageNs;
    finish(container, ageNs);
    return container;
  });
}

function freeName(core: EngineCore, name: string, offset: number): string {
  return core.containers.nameHolder(name) === undefined ? name : `${name}-${offset}`;
}
