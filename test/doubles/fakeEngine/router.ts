import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { EngineCore } from './core';
import { EngineFault } from './engineFault';
import type { Lifecycle } from './lifecycle';
import { containerRoutes } from './routes/containerRoutes';
import { eventRoutes } from './routes/eventRoutes';
import { execRoutes, startUpgraded } from './routes/execRoutes';
import { logRoutes } from './routes/logRoutes';
import { checkVersion, sendError, splitVersion, type Route } from './routes/routing';
import { statsRoutes } from './routes/statsRoutes';
import { systemRoutes } from './routes/systemRoutes';

const ROUTES: readonly Route[] = [
  ...containerRoutes,
  ...logRoutes,
  ...eventRoutes,
  ...statsRoutes,
  ...execRoutes,
  ...systemRoutes,
];

interface MatchedRequest {
  readonly route: Route | undefined;
  readonly version: string;
  readonly target: string;
  readonly query: URLSearchParams;
}

/** Finds who answers a request, counts it, and turns what goes wrong into the engine's answers. */
export class Router {
  constructor(
    private readonly core: EngineCore,
    private readonly lifecycle: Lifecycle,
  ) {}

  handle(request: IncomingMessage, response: ServerResponse): void {
    const matched = this.match(request);
    this.core.faults.whenAwake(() => void this.answer(request, response, matched));
  }

  handleUpgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void {
    const matched = this.match(request);
    connection.on('error', () => connection.destroy());
    this.core.faults.whenAwake(() => void this.answerUpgrade(request, connection, head, matched));
  }

  private async answer(
    request: IncomingMessage,
    response: ServerResponse,
    matched: MatchedRequest,
  ): Promise<void> {
    if (response.destroyed) return;
    const { route, version, target, query } = matched;
    this.setCommonHeaders(response);
    try {
      this.checkRequest(matched);
      const context = {
        core: this.core,
        lifecycle: this.lifecycle,
        request,
        response,
        query,
        apiVersion: version,
        target,
      };
      await route?.handle(context);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else sendError(response, error, this.core.personality, version);
    }
  }

  private async answerUpgrade(
    request: IncomingMessage,
    connection: Duplex,
    head: Buffer,
    matched: MatchedRequest,
  ): Promise<void> {
    const { route, version, target } = matched;
    try {
      this.checkRequest(matched);
      if (route?.name !== 'exec.start') throw new EngineFault(400, 'this request cannot be upgraded');
      await startUpgraded(this.core, this.lifecycle, {
        request,
        connection,
        head,
        target,
        apiVersion: version,
      });
    } catch (error) {
      const fault = error instanceof EngineFault ? error : new EngineFault(500, String(error));
      const body = `${JSON.stringify({ message: fault.message })}\n`;
      const lines = [
        'Content-Type: application/json',
        `Content-Length: ${Buffer.byteLength(body)}`,
        'Connection: close',
      ];
      connection.end(`HTTP/1.1 ${fault.status} Fault\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
    }
  }

  private match(request: IncomingMessage): MatchedRequest {
    const url = new URL(request.url ?? '/', 'http://engine');
    const { version, path } = splitVersion(url.pathname);
    const method = request.method ?? 'GET';
    const route = ROUTES.find((candidate) => candidate.method === method && candidate.path.test(path));
    this.core.counters.record({ method, path: path + url.search, route: route?.name ?? 'unknown' });
    return {
      route,
      version: version ?? this.core.personality.apiVersion,
      target: decodeURIComponent(route?.path.exec(path)?.[1] ?? ''),
      query: url.searchParams,
    };
  }

  private checkRequest({ route, version }: MatchedRequest): void {
    checkVersion(this.core, version);
    if (route === undefined) throw new EngineFault(404, 'page not found');
    const failure = this.core.failingRoutes.get(route.name);
    if (failure !== undefined) throw new EngineFault(500, failure);
  }

  private setCommonHeaders(response: ServerResponse): void {
    const { apiVersion, serverHeader, isPodman } = this.core.personality;
    response.setHeader('Api-Version', apiVersion);
    response.setHeader('Docker-Experimental', String(isPodman));
    response.setHeader('Ostype', 'linux');
    response.setHeader('Server', serverHeader);
    if (isPodman) response.setHeader('Libpod-Api-Version', this.core.personality.engineVersion);
  }
}
