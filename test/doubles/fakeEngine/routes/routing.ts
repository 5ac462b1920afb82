import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FakeContainer } from '../container';
import type { EngineCore } from '../core';
import { EngineFault } from '../engineFault';
import type { Lifecycle } from '../lifecycle';
import { minorVersion, type Personality } from '../personalities';

/** One request on its way through the engine. */
export interface RouteContext {
  readonly core: EngineCore;
  readonly lifecycle: Lifecycle;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  /** The version in the path, or that of the engine. */
  readonly apiVersion: string;
  /** What stands for the variable part of the path: a container or an exec. */
  readonly target: string;
}

export interface Route {
  /** Name under which requests are counted. */
  readonly name: string;
  readonly method: string;
  readonly path: RegExp;
  handle(context: RouteContext): void | Promise<void>;
}

export interface VersionedPath {
  readonly version: string | undefined;
  readonly path: string;
}

/** Splits `/v1.41/containers/json` into version and path. */
export function splitVersion(path: string): VersionedPath {
  const match = /^\/v([0-9.]+)(\/.*)$/.exec(path);
  return { version: match?.[1], path: match?.[2] ?? path };
}

/** Throws what the engine answers to clients that are too old or too new for it. */
export function checkVersion(core: EngineCore, version: string): void {
  const { refusesVersions, apiVersion, minApiVersion } = core.personality;
  if (!refusesVersions) return;
  if (compareVersions(version, minApiVersion) < 0) {
    throw new EngineFault(
      400,
      `client version ${version} is too old. Minimum supported API version is ${minApiVersion}, ` +
        'please upgrade your client to a newer version',
    );
  }
  if (compareVersions(version, apiVersion) > 0) {
    throw new EngineFault(
      400,
      `client version ${version} is too new. Maximum supported API version is ${apiVersion}`,
    );
  }
}

function compareVersions(left: string, right: string): number {
  const major = Number(left.split('.')[0]) - Number(right.split('.')[0]);
  return major === 0 ? minorVersion(left) - minorVersion(right) : major;
}

/** The engine takes anything but these for true. */
export function flag(query: URLSearchParams, name: string, fallback = false): boolean {
  const value = query.get(name);
  if (value === null) return fallback;
  return !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase());
}

export function containerOf(context: RouteContext): FakeContainer {
  return context.core.containers.get(context.target);
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  sendBody(response, status, Buffer.from(`${JSON.stringify(value)}\n`));
}

export function sendBody(response: ServerResponse, status: number, body: Buffer): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
}

export function sendEmpty(response: ServerResponse, status: number): void {
  response.writeHead(status);
  response.end();
}

/** Answers with what went wrong, in the form that the engine has for this client. */
export function sendError(
  response: ServerResponse,
  error: unknown,
  personality: Personality,
  apiVersion: string,
): void {
  const status = error instanceof EngineFault ? error.status : 500;
  const message = error instanceof Error ? error.message : String(error);
  if (status === 304) {
    sendEmpty(response, status);
  } else if (minorVersion(apiVersion) < personality.plainErrorsBelow) {
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
    response.end(`${message}\n`);
  } else {
    sendJson(
      response,
      status,
      personality.isPodman ? { cause: message, message, response: status } : { message },
    );
  }
}

const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** The body of a request as JSON; an empty body is an empty object. */
export async function readJson(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BODY_BYTES) throw new EngineFault(400, 'request body too large');
    parts.push(part);
  }
  return parseJsonObject(Buffer.concat(parts).toString('utf8'));
}

export function parseJsonObject(text: string): Readonly<Record<string, unknown>> {
  if (text.trim() === '') return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new EngineFault(400, 'invalid JSON');
  }
  return isRecord(parsed) ? parsed : {};
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function stringList(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.map(String) : [];
}

export function stringMap(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, String(item)]));
}
