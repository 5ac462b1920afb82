import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { EngineCore } from '../core';
import { EngineFault } from '../engineFault';
import { ExecInstance } from '../exec';
import type { Lifecycle } from '../lifecycle';
import { minorVersion } from '../personalities';
import { containerOf, parseJsonObject, readJson, sendEmpty, sendJson, stringList } from './routing';
import type { Route, RouteContext } from './routing';

export const execRoutes: readonly Route[] = [
  { name: 'exec.create', method: 'POST', path: /^\/containers\/([^/]+)\/exec$/, handle: create },
  { name: 'exec.start', method: 'POST', path: /^\/exec\/([^/]+)\/start$/, handle: start },
  { name: 'exec.resize', method: 'POST', path: /^\/exec\/([^/]+)\/resize$/, handle: resize },
  { name: 'exec.inspect', method: 'GET', path: /^\/exec\/([^/]+)\/json$/, handle: inspect },
];

async function create(context: RouteContext): Promise<void> {
  const { core, lifecycle } = context;
  const body = await readJson(context.request);
  const container = containerOf(context);
  if (container.isPaused) {
    throw new EngineFault(409, `Container ${container.name} is paused, unpause the container before exec`);
  }
  if (!container.isRunning) throw new EngineFault(409, `Container ${container.id} is not running`);
  const command = stringList(body['Cmd']);
  if (command.length === 0) throw new EngineFault(400, 'No exec command specified');
  const options = {
    id: core.random.hexId(),
    containerId: container.id,
    command,
    hasTerminal: body['Tty'] === true,
    attachesInput: body['AttachStdin'] === true,
  };
  core.execs.set(options.id, new ExecInstance(options, (exec) => emitEnd(core, lifecycle, exec)));
  emit(core, lifecycle, options.id, core.personality.isPodman ? 'exec' : `exec_create: ${command.join(' ')}`);
  sendJson(context.response, 201, { Id: options.id });
}

async function start(context: RouteContext): Promise<void> {
  const body = await readJson(context.request);
  const exec = execOf(context.core, context.target);
  emitStart(context.core, context.lifecycle, exec);
  if (body['Detach'] === true) {
    exec.runDetached();
    sendEmpty(context.response, 200);
    return;
  }
  const { socket } = context.request;
  socket.removeAllListeners('data');
  context.response.detachSocket(socket);
  socket.write(`HTTP/1.1 200 OK\r\nContent-Type: ${contentType(context.apiVersion, exec)}\r\n\r\n`);
  exec.attach(socket, Buffer.alloc(0));
}

function resize({ core, query, target, response }: RouteContext): void {
  const exec = execOf(core, target);
  if (exec.exitCode !== undefined) throw new EngineFault(404, 'no such exec');
  if (!exec.isRunning) throw new EngineFault(500, 'timeout waiting for exec session ready');
  const height = Number(query.get('h'));
  const width = Number(query.get('w'));
  if (!Number.isInteger(height) || !Number.isInteger(width)) throw new EngineFault(400, 'invalid size');
  exec.sizes.push({ height, width });
  sendEmpty(response, 200);
}

function inspect({ core, target, response }: RouteContext): void {
  const exec = execOf(core, target);
  const [entrypoint = '', ...parameters] = exec.options.command;
  sendJson(response, 200, {
    ID: exec.id,
    Running: exec.isRunning,
    ExitCode: exec.exitCode ?? null,
    ProcessConfig: { tty: exec.options.hasTerminal, entrypoint, arguments: parameters, privileged: false },
    OpenStdin: exec.options.attachesInput,
    OpenStderr: true,
    OpenStdout: true,
    CanRemove: !exec.isRunning,
    ContainerID: exec.containerId,
    DetachKeys: '',
    Pid: exec.isRunning ? 4343 : 0,
  });
}

/** An exec whose client asked to turn the connection into a plain stream. */
export async function startUpgraded(
  core: EngineCore,
  lifecycle: Lifecycle,
  upgrade: { request: IncomingMessage; connection: Duplex; head: Buffer; target: string; apiVersion: string },
): Promise<void> {
  const { request, connection, head, target, apiVersion } = upgrade;
  const exec = execOf(core, target);
  const bodyBytes = Number(request.headers['content-length'] ?? 0);
  const received = await readAtLeast(connection, head, bodyBytes);
  parseJsonObject(received.subarray(0, bodyBytes).toString('utf8'));
  emitStart(core, lifecycle, exec);
  connection.write(
    `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType(apiVersion, exec)}\r\n` +
      'Connection: Upgrade\r\nUpgrade: tcp\r\n' +
      `Api-Version: ${core.personality.apiVersion}\r\nServer: ${core.personality.serverHeader}\r\n\r\n`,
  );
  const closed = core.counters.streamOpened('exec');
  connection.once('close', closed);
  exec.attach(connection, received.subarray(bodyBytes));
}

/** Node hands over an upgraded connection before it has read the body of the request. */
async function readAtLeast(connection: Duplex, head: Buffer, byteCount: number): Promise<Buffer> {
  let received = head;
  while (received.length < byteCount && !connection.destroyed) {
    received = Buffer.concat([received, await nextBytes(connection)]);
  }
  return received;
}

function nextBytes(connection: Duplex): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error('the connection closed before the request was complete'));
    connection.once('close', fail);
    connection.once('data', (bytes: Buffer) => {
      connection.pause();
      connection.off('close', fail);
      resolve(bytes);
    });
  });
}

function contentType(apiVersion: string, exec: ExecInstance): string {
  const isMultiplexed = !exec.options.hasTerminal && minorVersion(apiVersion) >= 42;
  return `application/vnd.docker.${isMultiplexed ? 'multiplexed' : 'raw'}-stream`;
}

function execOf(core: EngineCore, id: string): ExecInstance {
  const exec = core.execs.get(id);
  if (exec === undefined) throw new EngineFault(404, `No such exec instance: ${id}`);
  return exec;
}

function emitStart(core: EngineCore, lifecycle: Lifecycle, exec: ExecInstance): void {
  if (exec.isRunning) throw new EngineFault(409, `Error: Exec command ${exec.id} is already running`);
  if (exec.exitCode !== undefined)
    throw new EngineFault(409, `Error: Exec command ${exec.id} has already run`);
  if (!core.personality.isPodman)
    emit(core, lifecycle, exec.id, `exec_start: ${exec.options.command.join(' ')}`);
}

function emitEnd(core: EngineCore, lifecycle: Lifecycle, exec: ExecInstance): void {
  const action = core.personality.isPodman ? 'exec_died' : 'exec_die';
  emit(core, lifecycle, exec.id, action, { exitCode: String(exec.exitCode ?? 0) });
}

function emit(
  core: EngineCore,
  lifecycle: Lifecycle,
  execId: string,
  action: string,
  attributes: Readonly<Record<string, string>> = {},
): void {
  const container = core.containers.withId(core.execs.get(execId)?.containerId ?? '');
  if (container !== undefined) lifecycle.emit(container, action, { execID: execId, ...attributes });
}
