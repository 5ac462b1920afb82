import type { ContainerOptions, FakeContainer, LogDriver } from '../container';
import { EngineFault } from '../engineFault';
import { parseFilters } from '../filters';
import { inspectJson } from '../inspectJson';
import { ListEncoder, selectContainers } from '../listJson';
import type { EngineCore } from '../core';
import {
  containerOf,
  flag,
  isRecord,
  readJson,
  sendBody,
  sendEmpty,
  sendJson,
  stringList,
  stringMap,
} from './routing';
import type { Route, RouteContext } from './routing';

const encoders = new WeakMap<EngineCore, ListEncoder>();

export const containerRoutes: readonly Route[] = [
  { name: 'list', method: 'GET', path: /^\/containers\/json$/, handle: list },
  { name: 'create', method: 'POST', path: /^\/containers\/create$/, handle: create },
  { name: 'inspect', method: 'GET', path: /^\/containers\/([^/]+)\/json$/, handle: inspect },
  action('start', ({ lifecycle }, container) => lifecycle.start(container)),
  action('stop', ({ lifecycle }, container) => lifecycle.stop(container)),
  action('restart', ({ lifecycle }, container) => lifecycle.restart(container)),
  action('kill', ({ lifecycle, query }, container) =>
    lifecycle.kill(container, query.get('signal') ?? 'KILL'),
  ),
  action('pause', ({ lifecycle }, container) => lifecycle.pause(container)),
  action('unpause', ({ lifecycle }, container) => lifecycle.unpause(container)),
  action('rename', ({ lifecycle, query }, container) => lifecycle.rename(container, query.get('name') ?? '')),
  { name: 'remove', method: 'DELETE', path: /^\/containers\/([^/]+)$/, handle: remove },
];

function action(name: string, run: (context: RouteContext, container: FakeContainer) => void): Route {
  return {
    name,
    method: 'POST',
    path: new RegExp(`^/containers/([^/]+)/${name}$`),
    handle: (context) => {
      context.request.resume();
      run(context, containerOf(context));
      sendEmpty(context.response, 204);
    },
  };
}

function list({ core, response, query, apiVersion }: RouteContext): void {
  if (core.hasMalformedList) {
    sendBody(response, 200, Buffer.from('[{"Id":"0123456789abcdef","Names":["/broken"],"State":"runn'));
    return;
  }
  const encoder = encoders.get(core) ?? new ListEncoder(core.personality);
  encoders.set(core, encoder);
  const nowNs = core.clock.nowNs();
  const { badParameterStatus } = core.personality;
  const wanted = {
    all: flag(query, 'all'),
    limit: listLimit(query.get('limit'), badParameterStatus),
    filters: parseFilters(query.get('filters'), badParameterStatus),
  };
  const key = `${apiVersion}?${query.toString()}`;
  const body = encoder.encodeCached(key, core.containers.revision, nowNs, () =>
    encoder.encode(
      selectContainers(core.containers.newestFirst(), wanted, core.personality),
      nowNs,
      apiVersion,
    ),
  );
  sendBody(response, 200, body);
}

function listLimit(text: string | null, badStatus: number): number {
  if (text === null || text === '') return 0;
  const limit = Number(text);
  if (!Number.isInteger(limit))
    throw new EngineFault(badStatus, `strconv.Atoi: parsing "${text}": invalid syntax`);
  return Math.max(0, limit);
}

function inspect(context: RouteContext): void {
  sendJson(context.response, 200, inspectJson(containerOf(context)));
}

async function create({ core, request, response, query, lifecycle }: RouteContext): Promise<void> {
  const body = await readJson(request);
  const image = String(body['Image']);
  if (core.missingImages.has(image)) throw new EngineFault(404, `No such image: ${image}`);
  const name = query.get('name');
  const container = lifecycle.create({
    ...optionsFromBody(body),
    ...(name !== null && { name: name.replace(/^\//, '') }),
  });
  sendJson(response, 201, { Id: container.id, Warnings: [] });
}

function optionsFromBody(body: Readonly<Record<string, unknown>>): ContainerOptions {
  const { Image: image, Cmd: command, Entrypoint: entrypoint, Env: env } = body;
  if (typeof image !== 'string' || image === '') throw new EngineFault(400, 'No command specified');
  const hostConfig = isRecord(body['HostConfig']) ? body['HostConfig'] : {};
  const restartPolicy = isRecord(hostConfig['RestartPolicy'])
    ? hostConfig['RestartPolicy']['Name']
    : undefined;
  const words = [...stringList(entrypoint), ...stringList(command)];
  return {
    image,
    ...(words.length > 0 && { command: words }),
    env: stringList(env),
    labels: stringMap(body['Labels']),
    tty: body['Tty'] === true,
    ...(isRecord(body['Healthcheck']) && { health: 'starting' as const }),
    ...(typeof restartPolicy === 'string' && restartPolicy !== '' && { restartPolicy }),
    ...logOptions(hostConfig['LogConfig']),
  };
}

const LOG_DRIVERS: readonly LogDriver[] = ['json-file', 'local', 'journald', 'k8s-file', 'fluentd', 'none'];

function logOptions(logConfig: unknown): ContainerOptions {
  if (!isRecord(logConfig)) return {};
  const logDriver = LOG_DRIVERS.find((driver) => driver === logConfig['Type']);
  const config = stringMap(logConfig['Config']);
  const maxBytes = parseSize(config['max-size']);
  const maxFiles = Number(config['max-file'] ?? 1);
  return {
    ...(logDriver !== undefined && { logDriver }),
    ...(maxBytes !== undefined && { logLimits: { maxBytes, maxFiles } }),
  };
}

const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

function parseSize(text: string | undefined): number | undefined {
  const match = /^(\d+)([bkmg]?)$/i.exec(text ?? '');
  if (match === null) return undefined;
  return Number(match[1]) * (SIZE_UNITS[(match[2] ?? '').toLowerCase()] ?? 1);
}

function remove(context: RouteContext): void {
  context.lifecycle.remove(containerOf(context), flag(context.query, 'force'));
  sendEmpty(context.response, 204);
}
