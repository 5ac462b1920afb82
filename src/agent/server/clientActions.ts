import { assertNever } from '../../base/errors';
import { EngineError } from '../../engine/engine';
import { compileFilter } from '../../model/logFilter';
import type { LogRequest } from '../../model/log';
import { decodeBase64url } from '../../protocol/base64url';
import { COMMANDS } from '../../protocol/actions';
import { LIMITS } from '../../protocol/limits';
import { accepted, done, encodeMessage, failed, unknown } from '../../protocol/makeMessages';
import type { CommandAction, CommandOf, CommandResult, ReceivedCommand } from '../../protocol/messages';
import { commandBytes } from '../../protocol/signing';
import { mayDo, type Action } from '../security/permissions';
import { TokenBucket } from '../security/tokenBucket';
import { isSigned } from '../security/tokenSecret';
import type { OnceCommand } from './commands';
import { DeploymentActions } from './deployments/deploymentActions';
import { ExecStream } from './execStream';
import { LogStream } from './logStream';
import { changeMetrics, metricsOf, readHistory, startMetrics } from './metricsActions';
import { noteAudit, type AuditEvent, type Principal } from './principal';
import type { Services } from './services';
import type { Session } from './session';
import type { SessionStream } from './sessionStream';
import { nowText } from './texts';
import { AgentError, wireErrorOf } from './wireErrors';

export interface ClientActionsOptions {
  readonly services: Services;
  readonly session: Session;
  readonly connection: { sendControl(text: string): void };
  readonly connectionKey: Uint8Array;
}

type Received<A extends CommandAction> = CommandOf<A> & Pick<ReceivedCommand, 'rawData'>;

/** What the client of one connection asks for, done in its session. */
export class ClientActions {
  private readonly bucket: TokenBucket;
  private readonly deployments: DeploymentActions;

  constructor(private readonly options: ClientActionsOptions) {
    const limits = { capacity: LIMITS.commandBurst, refillPerSecond: LIMITS.commandsPerSecond };
    this.bucket = new TokenBucket(limits, () => options.services.clock.nowMs());
    this.deployments = new DeploymentActions(options);
  }

  handle(command: ReceivedCommand): void {
    try {
      this.checkRate();
      if (COMMANDS[command.action].isSigned) this.checkSignature(command);
      this.start(command);
    } catch (error) {
      this.fail(command, error);
    }
  }

  private start(command: ReceivedCommand): void {
    switch (command.channel) {
      case 'system':
        // The state machine lets no other through.
        if (command.action === 'ping') this.answer(command, {});
        return;
      case 'container':
        this.startContainer(command);
        return;
      case 'log':
        if (command.action === 'start_log_stream') this.startLog(command);
        else this.stop(command, 'log');
        return;
      case 'exec':
        this.startExecAction(command);
        return;
      case 'metrics':
        this.startMetrics(command);
        return;
      case 'deployment':
        this.deployments.handle(command);
        return;
      default:
        assertNever(command);
    }
  }

  private startContainer(command: Extract<ReceivedCommand, { channel: 'container' }>): void {
    switch (command.action) {
      case 'request_state':
        this.answer(command, {});
        this.options.session.sendSnapshot();
        return;
      case 'inspect':
        void this.inspect(command);
        return;
      case 'perform':
        void this.perform(command);
        return;
      default:
        assertNever(command);
    }
  }

  private startExecAction(command: Extract<ReceivedCommand, { channel: 'exec' }>): void {
    switch (command.action) {
      case 'start_exec':
        void this.startExec(command);
        return;
      case 'resize_exec':
        this.resizeExec(command);
        return;
      case 'stop_exec':
        this.requireRole('exec');
        this.stop(command, 'exec');
        return;
      default:
        assertNever(command);
    }
  }

  private startMetrics(command: Extract<ReceivedCommand, { channel: 'metrics' }>): void {
    switch (command.action) {
      case 'start_metrics_stream':
      case 'read_metrics_history':
        this.startMetricsStream(command);
        return;
      case 'change_metrics_stream':
        changeMetrics(command, this.options.session);
        this.answer(command, {});
        return;
      case 'stop_metrics_stream':
        this.stop(command, 'metrics');
        return;
      default:
        assertNever(command);
    }
  }

  private get principal(): Principal {
    return this.options.session.principal;
  }

  private checkRate(): void {
    if (this.bucket.take()) return;
    throw new AgentError('rateLimited', 'Too many commands.', Math.max(1, Math.ceil(this.bucket.waitMs())));
  }

  /** Over the message as it came, before anything else is looked at. */
  private checkSignature(command: ReceivedCommand): void {
    const signature = decodeBase64url(command.auth?.signature ?? '') ?? new Uint8Array();
    if (isSigned(this.options.connectionKey, commandBytes(command, command.rawData), signature)) return;
    this.note({
      action: auditActionOf(command),
      result: 'refused',
      commandId: command.id,
      code: 'badSignature',
    });
    throw new AgentError('badSignature', 'The command is not signed, or signed wrongly.');
  }

  private requireRole(action: Action): void {
    if (!mayDo(this.principal.rights, action))
      throw new EngineError('forbidden', `This token may not do this (${action}).`);
  }

  // --- Looking

  private async inspect(command: Received<'inspect'>): Promise<void> {
    const { session } = this.options;
    const containerId = command.data.container_id;
    try {
      const container = await session.engine.inspect(containerId);
      const text = encodeMessage(done(command, nowText(), { container }));
      if (Buffer.byteLength(text) > LIMITS.maxAgentMessageBytes)
        throw new AgentError('tooLarge', 'The description is over the size limit.');
      this.options.connection.sendControl(text);
      this.note({ action: 'inspect', result: 'done', ...this.container(containerId) });
    } catch (error) {
      const code = this.fail(command, error);
      this.note({ action: 'inspect', result: 'failed', code, ...this.container(containerId) });
    }
  }

  private startLog(command: Received<'start_log_stream'>): void {
    const { session, services } = this.options;
    const { data, id } = command;
    if (session.startedBy(id, data.stream)) {
      this.answer(command, {});
      return;
    }
    this.requireRole('logs');
    const request = logRequestOf(command);
    session.reserve(data.stream, 'log', id);
    const stream = new LogStream({
      containerId: data.container_id,
      output: session.output(data.stream, data.credit),
      isCompressed: data.compression === 'deflate-raw',
      bodies: services.bodies,
      ticker: services.ticker,
      clock: services.clock,
      wireError: (error) => wireErrorOf(error, services.context.log),
    });
    session.add(stream);
    this.answer(command, {});
    stream.follows(session.engine.followLog(data.container_id, request, stream));
    this.note({ action: 'logs', result: 'done', ...this.container(data.container_id) });
  }

  private startMetricsStream(
    command: Received<'start_metrics_stream'> | Received<'read_metrics_history'>,
  ): void {
    const { session, services } = this.options;
    const { data, id } = command;
    if (session.startedBy(id, data.stream)) {
      this.answerNothing(command);
      return;
    }
    this.requireRole('metrics');
    metricsOf(session);
    session.reserve(data.stream, 'metrics', id);
    this.answerNothing(command);
    if (command.action === 'start_metrics_stream') startMetrics(command, session, services);
    else readHistory(command, session, services).proceed();
    const details = { containers: data.container_ids.length, machine: data.machine };
    this.note({ action: 'metrics', result: 'done', details });
  }

  private stop(
    command: Received<'stop_log_stream'> | Received<'stop_exec'> | Received<'stop_metrics_stream'>,
    kind: SessionStream['kind'],
  ): void {
    if (!this.options.session.stop(command.data.stream, kind)) throw noSuchStream();
    this.answerNothing(command);
  }

  // --- Changing

  private async perform(command: Received<'perform'>): Promise<void> {
    const { command: wanted } = command.data;
    const { session, services } = this.options;
    const details = detailsOf(wanted);
    const { outcome } = await services.commands.run({
      ...this.once(command),
      audit: {
        action: wanted.kind,
        ...this.container(wanted.id),
        ...(Object.keys(details).length > 0 && { details }),
      },
      intent: wanted,
      permit: () => this.requireRole(wanted.kind),
      execute: async () => {
        // It is carried out even if everybody leaves now.
        const lease = services.context.engine.acquire();
        try {
          await session.engine.perform(wanted);
        } finally {
          lease.dispose();
        }
        return undefined;
      },
    });
    if (outcome.status === 'done') this.answer(command, {});
    else if (outcome.status === 'failed') this.send(failed(command, nowText(), outcome.error));
    else this.send(unknown(command, nowText(), outcome));
  }

  private async startExec(command: Received<'start_exec'>): Promise<void> {
    const { session, services } = this.options;
    const { data, id } = command;
    const isKnownHere = session.startedBy(id, data.stream);
    const { outcome, isFirst } = await services.commands.run({
      ...this.once(command),
      audit: {
        action: 'exec',
        ...this.container(data.container_id),
        details: { command: data.command.join(' ') },
      },
      intent: { kind: 'exec', id: data.container_id },
      permit: () => {
        this.requireRole('exec');
        session.reserve(data.stream, 'exec', id);
      },
      execute: async () => {
        await this.openExec(command);
        return undefined;
      },
    });
    if (outcome.status === 'failed') this.send(failed(command, nowText(), outcome.error));
    else if (outcome.status === 'unknown') this.send(unknown(command, nowText(), outcome));
    else if (isFirst || isKnownHere) this.answerExec(command);
    else this.tellExecIsOver(command);
  }

  private async openExec({ data }: Received<'start_exec'>): Promise<void> {
    const { session, services } = this.options;
    const { container_id: id, command: argv, size } = data;
    const opened = await session.engine.exec(id, argv, size);
    session.add(
      new ExecStream({
        output: session.output(data.stream, data.credit),
        exec: opened,
        clock: services.clock,
        acknowledge: (text) => session.sendControl(text),
      }),
    );
  }

  private answerExec(command: Received<'start_exec'>): void {
    const stream = this.options.session.stream(command.data.stream);
    const credit = stream instanceof ExecStream ? stream.inputCredit : LIMITS.initialCreditBytes;
    this.answer(command, { credit });
    if (stream instanceof ExecStream) stream.begin();
  }

  /** It ran in a session that is no more, and was ended with it. */
  private tellExecIsOver(command: Received<'start_exec'>): void {
    const { session, services } = this.options;
    const { stream, credit } = command.data;
    try {
      session.reserve(stream, 'exec', command.id);
    } catch (error) {
      this.fail(command, error);
      return;
    }
    this.answer(command, { credit: LIMITS.initialCreditBytes });
    const { clock } = services;
    const over = new ExecStream({ output: session.output(stream, credit), exec: undefined, clock });
    session.add(over);
    over.begin();
  }

  private resizeExec(command: Received<'resize_exec'>): void {
    this.requireRole('exec');
    const stream = this.options.session.stream(command.data.stream);
    if (!(stream instanceof ExecStream)) throw noSuchStream();
    stream.resize(command.data.size);
    this.answer(command, {});
  }

  private once(
    command: Received<'perform'> | Received<'start_exec'>,
  ): Pick<OnceCommand, 'principal' | 'id' | 'action' | 'data' | 'accepted'> {
    const { id, action, rawData } = command;
    const tellAccepted = (): void =>
      this.send(command.action === 'perform' ? accepted(command, nowText()) : accepted(command, nowText()));
    return { principal: this.principal, id, action, data: rawData, accepted: tellAccepted };
  }

  // --- Answering

  private answer<A extends CommandAction>(command: CommandOf<A>, data: CommandResult<A>): void {
    this.send(done<A>(command, nowText(), data) as Parameters<typeof encodeMessage>[0]);
  }

  /** Of commands whose result is empty. */
  private answerNothing(command: ReceivedCommand): void {
    this.send(done(command, nowText(), {}) as Parameters<typeof encodeMessage>[0]);
  }

  private fail(command: ReceivedCommand, error: unknown): string {
    const wireError = wireErrorOf(error, this.options.services.context.log);
    this.send(failed(command, nowText(), wireError));
    return wireError.code;
  }

  private send(message: Parameters<typeof encodeMessage>[0]): void {
    this.options.connection.sendControl(encodeMessage(message));
  }

  private note(event: AuditEvent): void {
    noteAudit(this.options.services.context.audit, this.principal, event);
  }

  private container(id: string): Pick<AuditEvent, 'containerId' | 'containerName'> {
    const name = this.options.session.engine.containers?.get(id)?.name;
    return { containerId: id, ...(name !== undefined && { containerName: name }) };
  }
}

function noSuchStream(): AgentError {
  return new AgentError('noSuchStream', 'There is no such stream, or it has ended.');
}

function auditActionOf(command: ReceivedCommand): Action {
  if (command.action === 'perform') return command.data.command.kind;
  return command.action === 'start_exec' ? 'exec' : 'deploy';
}

function detailsOf(command: CommandOf<'perform'>['data']['command']): Record<string, string | boolean> {
  if (command.kind === 'rename') return { name: command.name };
  if (command.kind === 'kill') return { signal: command.signal };
  if (command.kind === 'remove') return { force: command.force, volumes: command.volumes };
  return {};
}

/** @throws AgentError for what makes no sense */
function logRequestOf({ data }: Received<'start_log_stream'>): LogRequest {
  const { tail, since, follow, filter, resumeAt } = data;
  // What is read is what the role, the scope and the audit log were asked about.
  if (resumeAt !== undefined && resumeAt.cursor.containerId !== data.container_id)
    throw new AgentError('badRequest', 'resumeAt: a place in the log of another container');
  const compiled = filter && compileFilter(filter);
  if (compiled?.kind === 'filterError') throw new AgentError('badRequest', compiled.message);
  if (since !== undefined && !Number.isFinite(Date.parse(since)))
    throw new AgentError('badRequest', 'since: not a timestamp');
  return {
    tail,
    follow,
    ...(since !== undefined && { since }),
    ...(filter && { filter }),
    ...(resumeAt && { resumeAt }),
  };
}
