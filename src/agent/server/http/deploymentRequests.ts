import type { IncomingMessage, ServerResponse } from 'node:http';
import * as v from 'valibot';
import type { JsonObject } from '../../../protocol/envelope';
import { describeIssue, MESSAGE_ID } from '../../../protocol/envelope';
import { DeploymentIdSchema, DeploymentSpecSchema, specToWire } from '../../../protocol/deploymentSchemas';
import { parseJson } from '../../../protocol/json';
import { DEPLOYMENTS_PATH } from '../../../protocol/limits';
import type { DeploymentSpec, Deployment } from '../../../model/deployment';
import { EngineError } from '../../../engine/engine';
import { findDeployment } from '../../security/findDeployment';
import { mayDo } from '../../security/permissions';
import { findStartedBy } from '../deployments/deploymentReconciler';
import type { OnceAnswer } from '../commands';
import { noteAudit, type Principal } from '../principal';
import { UpgradeRefusal } from '../refusal';
import type { Services } from '../services';
import type { HostDeployments } from '../sessions';
import { checkOrigin, namedDeployKey } from '../upgradeRequest';
import { wireErrorOf } from '../wireErrors';
import { HttpRefusal, readBody, refusalOf, sendJson } from './httpAnswers';

const ACCEPTED = 202;
const OK = 200;

export interface DeploymentRequestsOptions {
  readonly services: Services;
  readonly isStopping: () => boolean;
}

/** Deployments for pipelines: `POST /v1/deployments` and `GET /v1/deployments/ID`. */
export class DeploymentRequests {
  constructor(private readonly options: DeploymentRequestsOptions) {}

  /** @returns false where the path is none of these: then nothing was done */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const [path = ''] = (request.url ?? '').split('?', 1);
    if (path !== DEPLOYMENTS_PATH && !path.startsWith(`${DEPLOYMENTS_PATH}/`)) return false;
    void this.answer(request, response, path.slice(DEPLOYMENTS_PATH.length + 1));
    return true;
  }

  private async answer(request: IncomingMessage, response: ServerResponse, id: string): Promise<void> {
    try {
      const principal = await this.authenticate(request);
      const method = id === '' ? 'POST' : 'GET';
      if (request.method !== method)
        throw new HttpRefusal(405, { code: 'badRequest', message: `Only ${method} is for this path.` });
      const { host } = this.options.services.context;
      if (!host) throw new EngineError('notSupported', 'This agent has no deployments.');
      if (id === '') await this.start(request, response, principal, host);
      else await this.show(response, host, id);
    } catch (error) {
      this.refuse(request, response, error);
    }
  }

  private async authenticate(request: IncomingMessage): Promise<Principal> {
    const { logins, context } = this.options.services;
    const address = request.socket.remoteAddress ?? '';
    if (this.options.isStopping()) throw new UpgradeRefusal('unavailable', 'The agent is shutting down.');
    const waitMs = context.connectionRates.take(address);
    if (waitMs > 0) throw new UpgradeRefusal('rateLimited', 'Too many requests.', waitMs);
    checkOrigin(request, context.settings.allowOrigins);
    const principal = await logins.checkDeployKey(namedDeployKey(request), address);
    context.connectionRates.giveBack(address);
    if (mayDo(principal.rights, 'deploy')) return principal;
    noteAudit(context.audit, principal, { action: 'deploy', result: 'refused', code: 'forbidden' });
    throw new EngineError('forbidden', 'This token may not deploy.');
  }

  private async show(response: ServerResponse, { deployments }: HostDeployments, id: string): Promise<void> {
    if (!v.is(DeploymentIdSchema, id)) throw new EngineError('noSuchDeployment', 'No such deployment.');
    const deployment = await findDeployment(deployments, id, this.options.services.clock);
    sendJson(response, OK, { id, deployment });
  }

  private async start(
    request: IncomingMessage,
    response: ServerResponse,
    principal: Principal,
    host: HostDeployments,
  ): Promise<void> {
    const commandId = commandIdOf(request);
    const spec = specOf(request, await readBody(request));
    const { outcome } = await this.run(principal, host, commandId, spec);
    const deployment = await this.deploymentOf(host, commandId, outcome);
    response.setHeader('Location', `${DEPLOYMENTS_PATH}/${deployment.id}`);
    sendJson(response, ACCEPTED, { id: deployment.id, deployment });
  }

  private run(
    principal: Principal,
    { deployments }: HostDeployments,
    commandId: string,
    spec: DeploymentSpec,
  ): Promise<OnceAnswer> {
    const intent = { kind: 'startDeployment', app: spec.app, source: spec.source.kind };
    return this.options.services.commands.run({
      principal,
      id: commandId,
      action: 'start_deployment',
      data: { spec: specToWire(spec) },
      audit: { action: 'deploy', details: intent },
      intent,
      permit: () => undefined,
      accepted: () => undefined,
      execute: async (): Promise<JsonObject> => {
        const startedBy = `token "${principal.token.name}" (pipeline)`;
        const { id } = await deployments.start({ spec, origin: { startedBy, commandId } });
        return { deployment_id: id };
      },
    });
  }

  private async deploymentOf(
    { deployments }: HostDeployments,
    commandId: string,
    outcome: OnceAnswer['outcome'],
  ): Promise<Deployment> {
    switch (outcome.status) {
      case 'failed':
        throw refusalOf(outcome.error);
      case 'done': {
        const id = outcome.result?.['deployment_id'];
        return findDeployment(deployments, typeof id === 'string' ? id : '', this.options.services.clock);
      }
      case 'unknown': {
        const found = await findStartedBy(deployments, commandId, 0);
        if (found) return found;
        const code = outcome.reconciled === 'notDone' ? 'conflict' : 'outcomeUnknown';
        const hint = outcome.reconciled === 'notDone' ? ' Send it again with another Idempotency-Key.' : '';
        throw new HttpRefusal(409, { code, message: `${outcome.message}${hint}` });
      }
    }
  }

  private refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const { log } = this.options.services.context;
    const refusal =
      error instanceof HttpRefusal || error instanceof UpgradeRefusal
        ? error
        : refusalOf(wireErrorOf(error, log));
    const sent = refusal instanceof UpgradeRefusal ? HttpRefusal.of(refusal) : refusal;
    log.debug({ status: sent.status, code: sent.error.code }, 'A request was refused.');
    // What a body would bring is not waited for.
    if (!request.complete) response.setHeader('Connection', 'close');
    if (sent.error.retryAfterMs !== undefined)
      response.setHeader('Retry-After', Math.ceil(sent.error.retryAfterMs / 1_000));
    if (sent.status === 405)
      response.setHeader('Allow', sent.error.message.includes('POST') ? 'POST' : 'GET');
    const { code, message } = sent.error;
    sendJson(response, sent.status, { error: { code, message } });
  }
}

/** @throws HttpRefusal */
function commandIdOf({ headers }: IncomingMessage): string {
  const id = headers['idempotency-key'];
  if (typeof id === 'string' && MESSAGE_ID.test(id)) return id;
  throw badRequest('Idempotency-Key: 1 to 64 characters of A-Za-z0-9_.:- are needed, unique for ever.');
}

/** @throws HttpRefusal */
function specOf({ headers }: IncomingMessage, text: string): DeploymentSpec {
  if (!/^application\/json *(;|$)/i.test(headers['content-type'] ?? ''))
    throw new HttpRefusal(415, { code: 'badRequest', message: 'Content-Type must be application/json.' });
  const result = v.safeParse(DeploymentSpecSchema, parsed(text), { abortEarly: true });
  if (!result.success) throw badRequest(describeIssue(result.issues[0]));
  const { kind } = result.output.source;
  if (kind !== 'git' && kind !== 'image')
    throw badRequest(`source.kind: a ${kind} can't be deployed by a request; use git or image.`);
  return result.output;
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw badRequest('The body is not JSON.');
  }
}

function badRequest(message: string): HttpRefusal {
  return new HttpRefusal(400, { code: 'badRequest', message });
}
