import os from 'node:os';
import type { EngineCore } from '../core';
import type { FakeContainer } from '../container';
import { flag, sendJson, type Route, type RouteContext } from './routing';

export const systemRoutes: readonly Route[] = [
  { name: 'ping', method: 'GET', path: /^\/_ping$/, handle: ping },
  { name: 'ping', method: 'HEAD', path: /^\/_ping$/, handle: ping },
  { name: 'version', method: 'GET', path: /^\/version$/, handle: version },
  { name: 'info', method: 'GET', path: /^\/info$/, handle: info },
  { name: 'images', method: 'GET', path: /^\/images\/json$/, handle: images },
];

function ping({ core, request, response }: RouteContext): void {
  for (const [name, value] of Object.entries(core.personality.pingHeaders)) response.setHeader(name, value);
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  const body = request.method === 'HEAD' ? '' : 'OK';
  response.setHeader('Content-Length', body.length);
  response.end(body);
}

function version({ core, response }: RouteContext): void {
  const { engineVersion, apiVersion, minApiVersion, isPodman } = core.personality;
  const build = {
    GitCommit: '5d6db84',
    GoVersion: 'go1.19.8',
    Os: 'linux',
    Arch: 'amd64',
    KernelVersion: '6.1.0-fake',
    BuildTime: '2023-05-18T08:50:05+02:00',
  };
  const details = { ApiVersion: apiVersion, MinAPIVersion: minApiVersion, ...build };
  sendJson(response, 200, {
    ...(!isPodman && { Platform: { Name: '' } }),
    Components: [{ Name: isPodman ? 'Podman Engine' : 'Engine', Version: engineVersion, Details: details }],
    Version: engineVersion,
    ApiVersion: apiVersion,
    MinAPIVersion: minApiVersion,
    ...build,
  });
}

function info({ core, response }: RouteContext): void {
  const { engineVersion, cgroupVersion, isPodman } = core.personality;
  sendJson(response, 200, {
    ID: 'FAKE:ENGI:NE00',
    Name: core.isElsewhere ? 'fake-engine' : os.hostname(),
    ServerVersion: engineVersion,
    ...stateCounts(core),
    Images: imagesInUse(core).size + core.unusedImages.size,
    DockerRootDir: os.tmpdir(),
    Driver: isPodman ? 'overlay' : 'overlay2',
    LoggingDriver: isPodman ? 'k8s-file' : 'json-file',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: String(cgroupVersion),
    KernelVersion: core.isElsewhere ? '6.1.0-fake' : os.release(),
    OperatingSystem: 'Fake Engine of the Quaywatch tests',
    OSType: 'linux',
    Architecture: 'x86_64',
    NCPU: 4,
    MemTotal: core.isElsewhere ? 8 * 1024 ** 3 : os.totalmem(),
    ExperimentalBuild: isPodman,
    Swarm: { LocalNodeState: 'inactive', ControlAvailable: false, NodeID: '' },
  });
}

function stateCounts(core: EngineCore): object {
  const all = core.containers.newestFirst();
  const running = all.filter((container) => container.state === 'running').length;
  const paused = all.filter((container) => container.isPaused).length;
  return {
    Containers: all.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: all.length - running - paused,
  };
}

function imagesInUse(core: EngineCore): Map<string, FakeContainer> {
  return new Map(core.containers.newestFirst().map((container) => [container.image, container]));
}

/** One image for each that a container uses, and those that none does. */
function images({ core, response, query }: RouteContext): void {
  const list = [...imagesInUse(core)].map(([image, user]) => ({
    Id: user.imageId,
    RepoTags: [image],
    RepoDigests: [],
    Created: 1_700_000_000,
    Size: 4_000_000,
    Containers: -1,
    Labels: flag(query, 'labels') ? {} : null,
  }));
  const unused = [...core.unusedImages].map((image) => ({
    Id: `sha256:${Buffer.from(image).toString('hex').padEnd(64, '0').slice(0, 64)}`,
    RepoTags: [image],
    RepoDigests: [],
    Created: 1_700_000_000,
    Size: 4_000_000,
    Containers: -1,
    Labels: null,
  }));
  sendJson(response, 200, [...list, ...unused]);
}
