import type { Disposable } from '../../../base/lifecycle';
import { assertNever } from '../../../base/errors';
import type { DeploymentOrigin } from '../../../engine/deployments';
import { EngineError } from '../../../engine/engine';
import type { Deployment } from '../../../model/deployment';
import { specToWire } from '../../../protocol/deploymentSchemas';
import type { JsonObject } from '../../../protocol/envelope';
import type { WireError } from '../../../protocol/errorCodes';
import { LIMITS } from '../../../protocol/limits';
import { accepted, done, encodeMessage, failed, unknown } from '../../../protocol/makeMessages';
import type { CommandAction, CommandOf, CommandResult, ReceivedCommand } from '../../../protocol/messages';
import type { ScopedDeployments } from '../../security/scopedDeployments';
import { mayDo, type Action } from '../../security/permissions';
import { noteAudit, type AuditEvent } from '../principal';
import type { Services } from '../services';
import type { Session } from '../session';
import { nowText } from '../texts';
import { AgentError, wireErrorOf } from '../wireErrors';
import { DeploymentStream } from './deploymentStream';
import { fitting } from './fittingPage';
import { intentOf } from './deploymentIntent';
import { runDeployment } from './runDeployment';
import { UploadStream } from './uploadStream';

type DeploymentAction = Extract<
  CommandAction,
  `${string}_deployment` | `${string}_deployments` | `${string}_deployment_${string}` | `${string}_upload`
>;
export type DeploymentCommand = Extract<ReceivedCommand, { action: DeploymentAction }>;
type Received<A extends DeploymentAction> = CommandOf<A> & Pick<ReceivedCommand, 'rawData'>;
type ChangingAction = 'start_deployment' | 'cancel_deployment' | 'retry_deployment' | 'roll_back_deployment';
type Changing = { [A in ChangingAction]: Received<A> }[ChangingAction];

/** What a response is to whoever encodes it: that it fits its action was checked where it was made. */
type Message = Parameters<typeof encodeMessage>[0];

export interface DeploymentActionsOptions {
  readonly services: Services;
  readonly session: Session;
  readonly connection: { sendControl(text: string): void };
}

/** What the client of one connection asks for about deployments. */
export class DeploymentActions {
  constructor(private readonly options: DeploymentActionsOptions) {}

  /** @throws what is to be answered as a failure */
  handle(command: DeploymentCommand): void {
    switch (command.action) {
      case 'watch_deployments':
        this.requireRole('deployments');
        this.answer(command, {});
        this.options.session.watchDeployments(this.deployments);
        return;
      case 'unwatch_deployments':
        this.answer(command, {});
        this.options.session.unwatchDeployments();
        return;
      case 'list_deployments':
        void this.reply(command, () => this.list(command));
        return;
      case 'read_deployment_spec':
        void this.reply(command, async () => ({
          spec: specToWire(await this.deployments.readSpec(command.data.deployment_id)),
        }));
        return;
      case 'start_deployment_stream':
        this.startStream(command);
        return;
      case 'stop_deployment_stream':
        if (!this.options.session.stop(command.data.stream, 'deployment')) throw noSuchStream();
        this.answer(command, {});
        return;
      case 'start_upload':
        this.startUpload(command);
        return;
      case 'stop_upload':
        this.stopUpload(command);
        return;
      case 'start_deployment':
      case 'cancel_deployment':
      case 'retry_deployment':
      case 'roll_back_deployment':
        void this.change(command);
        return;
      default:
        assertNever(command);
    }
  }

  /** @throws EngineError where the agent has none */
  private get deployments(): ScopedDeployments {
    const { deployments } = this.options.session;
    if (deployments) return deployments;
    throw new EngineError('notSupported', 'This agent has no deployments.');
  }

  private requireRole(action: Action): void {
    if (!mayDo(this.options.session.principal.rights, action))
      throw new EngineError('forbidden', `This token may not do this (${action}).`);
  }

  // --- Looking

  private async list({ data }: Received<'list_deployments'>): Promise<CommandResult<'list_deployments'>> {
    return fitting(await this.deployments.list(data));
  }

  private startStream(command: Received<'start_deployment_stream'>): void {
    const { session, services } = this.options;
    const { stream: number, deployment_id: deploymentId, after, credit, compression } = command.data;
    if (session.startedBy(command.id, number)) {
      this.answer(command, {});
      return;
    }
    this.requireRole('deployments');
    const { deployments } = this;
    session.reserve(number, 'deployment', command.id);
    const stream = new DeploymentStream({
      deploymentId,
      after,
      output: session.output(number, credit),
      isCompressed: compression === 'deflate-raw',
      ticker: services.ticker,
      follow: (last, sink): Disposable => deployments.follow(deploymentId, last, sink),
      wireError: (error) => this.wireError(error),
    });
    session.add(stream);
    this.answer(command, {});
    stream.begin();
    this.note({ action: 'deployments', result: 'done', details: { deployment: deploymentId } });
  }

  // --- Uploading

  private startUpload(command: Received<'start_upload'>): void {
    const { session, services } = this.options;
    const { stream: number, upload: id, credit } = command.data;
    const known = session.startedBy(command.id, number) ? session.stream(number) : undefined;
    if (known instanceof UploadStream) {
      this.answer(command, { credit: known.credit });
      return;
    }
    this.requireRole('deploy');
    const { uploads } = session;
    if (!uploads) throw new EngineError('notSupported', 'This agent has no deployments.');
    uploads.checkRoom(id);
    session.reserve(number, 'upload', command.id);
    const stream = new UploadStream({
      output: session.output(number, credit),
      upload: uploads.make(id, number),
      clock: services.clock,
      acknowledge: (text) => session.sendControl(text),
      wireError: (error) => this.wireError(error),
    });
    session.add(stream);
    this.answer(command, { credit: stream.credit });
  }

  private stopUpload(command: Received<'stop_upload'>): void {
    const { session } = this.options;
    const { upload } = command.data;
    const stream = session.uploads?.streamOf(upload);
    if (stream === undefined || session.uploads?.remove(upload) !== true)
      throw new AgentError('noSuchUpload', 'There is no such upload.');
    session.stop(stream, 'upload');
    this.answer(command, {});
  }

  // --- Changing

  private async change(command: Changing): Promise<void> {
    const { session, services } = this.options;
    const intent = intentOf(command);
    const work = this.work(command);
    const { outcome } = await services.commands.run({
      principal: session.principal,
      id: command.id,
      action: command.action,
      data: command.rawData,
      audit: { action: 'deploy', details: { ...intent } },
      intent,
      permit: () => {
        this.requireRole('deploy');
        work.prepare();
      },
      accepted: () => this.send(accepted(command, nowText()) as Message),
      execute: () => work.execute(),
    });
    work.dispose();
    if (outcome.status === 'failed') this.sendFailure(command, outcome.error);
    else if (outcome.status === 'unknown') this.send(unknown(command, nowText(), outcome) as Message);
    else if (command.action === 'cancel_deployment') this.answer(command, {});
    else await this.reply(command, async () => ({ deployment: await this.started(outcome.result) }));
  }

  private work(command: Changing): ReturnType<typeof runDeployment> {
    const { session, services } = this.options;
    const { token, rights } = session.principal;
    const held = { uploads: session.uploads, keeper: services.context.host?.keeper };
    const origin: DeploymentOrigin = {
      startedBy: `token "${token.name}" (${rights.role})`,
      commandId: command.id,
    };
    return runDeployment(() => this.deployments, held, command, origin);
  }

  private started(result: JsonObject | undefined): Promise<Deployment> {
    const id = result?.['deployment_id'];
    return this.deployments.find(typeof id === 'string' ? id : '');
  }

  // --- Answering

  private async reply<A extends DeploymentAction>(
    command: CommandOf<A>,
    make: () => Promise<CommandResult<A>>,
  ): Promise<void> {
    try {
      const result = await make();
      const text = encodeMessage(done<A>(command, nowText(), result) as Message);
      if (Buffer.byteLength(text) > LIMITS.maxAgentMessageBytes)
        throw new AgentError('tooLarge', 'The answer is over the size limit.');
      this.options.connection.sendControl(text);
    } catch (error) {
      this.sendFailure(command, this.wireError(error));
    }
  }

  private answer<A extends DeploymentAction>(command: CommandOf<A>, data: CommandResult<A>): void {
    this.send(done<A>(command, nowText(), data) as Message);
  }

  private sendFailure(command: { id: string; channel: string; action: string }, error: WireError): void {
    this.send(failed(command, nowText(), error));
  }

  private send(message: Message): void {
    this.options.connection.sendControl(encodeMessage(message));
  }

  private wireError(error: unknown): WireError {
    return wireErrorOf(error, this.options.services.context.log);
  }

  private note(event: AuditEvent): void {
    noteAudit(this.options.services.context.audit, this.options.session.principal, event);
  }
}

function noSuchStream(): AgentError {
  return new AgentError('noSuchStream', 'There is no such stream, or it has ended.');
}
