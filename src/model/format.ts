import type { Container, ContainerPort } from './container';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long something has lasted, in its largest unit: `<1 min`, `5 min`, `3 h`, `12 d`. Symbols, so that no language is in it. */
export function formatDuration(durationMs: number): string {
  if (!Number.isFinite(durationMs) || durationMs < MINUTE_MS) return '<1 min';
  if (durationMs < HOUR_MS) return `${Math.floor(durationMs / MINUTE_MS)} min`;
  if (durationMs < 2 * DAY_MS) return `${Math.floor(durationMs / HOUR_MS)} h`;
  return `${Math.floor(durationMs / DAY_MS)} d`;
}

/** How long the container has been in its state; `undefined` where the engine did not tell since when. */
export function formatStateAge(container: Container, nowMs: number): string | undefined {
  return container.stateSinceMs === undefined ? undefined : formatDuration(nowMs - container.stateSinceMs);
}

/** One port: `8080→80`, `53→53/udp`, or `80` if it is not published. A loopback address is kept, it matters. */
export function formatPort(port: ContainerPort): string {
  const protocol = port.protocol === 'tcp' ? '' : `/${port.protocol}`;
  const inside = `${port.containerPort}${protocol}`;
  if (port.hostPort === undefined) return inside;
  const address = isAnyAddress(port.hostAddress) ? '' : `${bracketed(port.hostAddress ?? '')}:`;
  return `${address}${port.hostPort}→${inside}`;
}

/** The published ports, each once (engines list IPv4 and IPv6 apart), at most `limit` of them. */
export function formatPublishedPorts(ports: readonly ContainerPort[], limit = 3): string {
  const texts = distinct(ports.filter((port) => port.hostPort !== undefined).map(formatPort));
  if (texts.length <= limit) return texts.join(', ');
  return `${texts.slice(0, limit).join(', ')} +${texts.length - limit}`;
}

/** All ports, published or not, each once. */
export function formatAllPorts(ports: readonly ContainerPort[]): string {
  return distinct(ports.map(formatPort)).join(', ');
}

/** An image as people name it: a digest or a bare id is cut to 12 digits. */
export function formatImage(image: string): string {
  return oneLine(image).replace(/(sha256:)?([0-9a-f]{12})[0-9a-f]{52}$/, '$2');
}

/** A published TCP port and where a browser finds it, seen from the machine the extension runs on. */
export interface BrowsablePort {
  readonly port: ContainerPort;
  readonly url: string;
}

const HTTPS_PORTS: readonly number[] = [443, 8443];

/** @param engineAddress as in `EngineInfo.address`; a remote engine publishes on its own machine, not on ours. */
export function browsablePorts(container: Container, engineAddress: string | undefined): BrowsablePort[] {
  const byUrl = new Map<string, BrowsablePort>();
  for (const port of container.ports) {
    if (port.protocol !== 'tcp' || port.hostPort === undefined) continue;
    const scheme = HTTPS_PORTS.includes(port.containerPort) ? 'https' : 'http';
    const host = isAnyAddress(port.hostAddress)
      ? engineHost(engineAddress)
      : (port.hostAddress ?? 'localhost');
    const url = `${scheme}://${bracketed(host)}:${port.hostPort}`;
    if (!byUrl.has(url)) byUrl.set(url, { port, url });
  }
  return [...byUrl.values()].sort((left, right) => left.port.containerPort - right.port.containerPort);
}

function engineHost(engineAddress: string | undefined): string {
  const match = /^(?:tcp|ssh|https?):\/\/(?:[^@/]*@)?(\[[^\]]+\]|[^:/]+)/.exec(engineAddress ?? '');
  return match?.[1]?.replace(/^\[|\]$/g, '') ?? 'localhost';
}

function isAnyAddress(address: string | undefined): boolean {
  return address === undefined || address === '' || address === '0.0.0.0' || address === '::';
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

/**
 * Text from a container as one harmless line: line breaks and control characters become spaces, and characters that
 * turn the direction of writing or hide are dropped.
 */
export function oneLine(text: string, maxLength = 300): string {
  const clean = text
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replace(/[\p{Cf}\p{Co}\p{Cs}]/gu, '')
    .trim();
  return clean.length <= maxLength ? clean : `${clean.slice(0, maxLength - 1)}…`;
}

/** Whether `name` may name a container, by the engine's own rule. */
export function isContainerName(name: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name);
}
