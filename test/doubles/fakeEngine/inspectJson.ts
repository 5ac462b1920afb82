import type { FakeContainer } from './container';
import { formatNanoseconds, ZERO_TIME } from './time';

/** The answer to an inspection of a container, with the fields that clients of ours read. */
export function inspectJson(container: FakeContainer): object {
  const [path = '', ...parameters] = container.command;
  return {
    Id: container.id,
    Created: timeText(container.createdNs),
    Path: path,
    Args: parameters,
    State: stateJson(container),
    Image: container.imageId,
    LogPath: `/var/lib/docker/containers/${container.id}/${container.id}-json.log`,
    Name: `/${container.name}`,
    RestartCount: container.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    Mounts: [],
    HostConfig: {
      LogConfig: { Type: container.logDriver, Config: logConfig(container) },
      NetworkMode: 'default',
      RestartPolicy: { Name: container.restartPolicy, MaximumRetryCount: 0 },
      AutoRemove: false,
    },
    Config: {
      Hostname: container.id.slice(0, 12),
      Tty: container.hasTerminal,
      OpenStdin: container.hasTerminal,
      Env: container.env,
      Cmd: container.command,
      Image: container.image,
      Labels: container.labels,
      ...(container.health !== 'none' && {
        Healthcheck: { Test: ['CMD', 'true'], Interval: 30_000_000_000 },
      }),
    },
    NetworkSettings: {
      Ports: {},
      Networks: { bridge: { IPAddress: container.isRunning ? '172.17.0.2' : '' } },
    },
  };
}

function stateJson(container: FakeContainer): object {
  return {
    Status: container.state,
    Running: container.isRunning,
    Paused: container.isPaused,
    Restarting: container.state === 'restarting',
    OOMKilled: container.isOutOfMemory,
    Dead: container.state === 'dead',
    Pid: container.isRunning ? 4242 : 0,
    ExitCode: container.exitCode,
    Error: '',
    StartedAt: timeText(container.startedNs),
    FinishedAt: timeText(container.finishedNs),
    ...(container.health !== 'none' && {
      Health: { Status: container.health, FailingStreak: container.failingStreak, Log: [] },
    }),
  };
}

function timeText(timeNs: bigint): string {
  return timeNs === 0n ? ZERO_TIME : formatNanoseconds(timeNs);
}

function logConfig(container: FakeContainer): Record<string, string> {
  const { maxBytes, maxFiles } = container.logLimits;
  return {
    ...(maxBytes !== undefined && { 'max-size': String(maxBytes) }),
    ...(maxFiles !== undefined && { 'max-file': String(maxFiles) }),
  };
}
