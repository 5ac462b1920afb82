import os from 'node:os';
import { asNumber, asText, type Fields } from './fields';
import type { DockerEndpoint } from './endpoint';

/** Where an engine runs, as far as figures of its machine go. */
export interface MachinePlace {
  /** This process sees the figures of the engine's machine. */
  readonly isHere: boolean;
  /** Where the engine keeps images and containers. */
  readonly dataRoot: string | undefined;
}

/** What this process knows of the machine it runs on. */
export interface OwnMachine {
  readonly platform: NodeJS.Platform;
  readonly kernel: string;
  readonly hostName: string;
  readonly memoryBytes: number;
  /** Then the host name is the container's. */
  readonly isInContainer: boolean;
}

export function ownMachine(isInContainer: boolean): OwnMachine {
  return {
    platform: process.platform,
    kernel: os.release(),
    hostName: os.hostname(),
    memoryBytes: os.totalmem(),
    isInContainer,
  };
}

/**
 * Whether an engine runs on this machine. A local socket does not prove it: behind it may be a virtual machine, as with
 * Docker Desktop, Lima and Podman's machines, or a socket that was forwarded. So what the engine says of its kernel,
 * memory and name in `GET /info` must be this machine's.
 */
export function placeOf(endpointKind: DockerEndpoint['kind'], info: Fields, own: OwnMachine): MachinePlace {
  const isSocket = endpointKind === 'unix' || endpointKind === 'npipe';
  const isHere = isSocket && !isDesktop(info) && isSameMachine(info, own);
  const dataRoot = asText(info['DockerRootDir']);
  return { isHere, dataRoot: dataRoot === '' ? undefined : dataRoot };
}

/** Docker Desktop runs its engine in a virtual machine, also on Linux. */
function isDesktop(info: Fields): boolean {
  return asText(info['OperatingSystem'])?.startsWith('Docker Desktop') ?? false;
}

function isSameMachine(info: Fields, own: OwnMachine): boolean {
  if (own.platform === 'win32') return asText(info['OSType']) === 'windows';
  const memoryBytes = asNumber(info['MemTotal']);
  return (
    asText(info['KernelVersion']) === own.kernel &&
    (memoryBytes === undefined || memoryBytes === own.memoryBytes) &&
    (own.isInContainer || asText(info['Name']) === own.hostName)
  );
}
