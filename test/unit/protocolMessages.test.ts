import { strict as assert } from 'node:assert';
import type { Container } from '../../src/model/container';
import type { ContainerCommand, EngineInfo } from '../../src/engine/engine';
import type { LogFilter } from '../../src/model/logFilter';
import type { LogPlace } from '../../src/model/log';
import { EVENTS, PERFORM_ROLES } from '../../src/protocol/actions';
import { ProtocolError } from '../../src/protocol/errorCodes';
import { LIMITS } from '../../src/protocol/limits';
import {
  accepted,
  done,
  encodeMessage,
  failed,
  makeAck,
  makeCommand,
  makeEvent,
  unknown,
} from '../../src/protocol/makeMessages';
import {
  decodeAgentMessage,
  decodeClientMessage,
  requiredRole,
  type EventData,
} from '../../src/protocol/messages';
import { commandBytes } from '../../src/protocol/signing';

const NOW = '2026-11-21T10:00:00.000Z';
const CONTAINER_ID = '4c01db0b339c'.padEnd(64, '0');
const CONTAINER: Container = {
  id: CONTAINER_ID,
  name: 'web',
  image: 'nginx',
  imageId: 'sha256:60ad',
  command: 'nginx',
  createdAtMs: 1,
  state: 'hibernating',
  statusText: 'Up',
  health: 'healthy',
  exitCode: 3,
  stateSinceMs: 2,
  run: { startedAtMs: 5, end: { atMs: 4, exitCode: 137, outOfMemory: true } },
  ports: [{ containerPort: 80, protocol: 'tcp', hostPort: 8080, hostAddress: '::' }],
  labels: { tier: 'front' },
  compose: { project: 'shop', service: 'web', replica: 1 },
};
const INFO: EngineInfo = {
  product: 'Docker',
  version: '29',
  apiVersion: '1.52',
  operatingSystem: 'linux',
  address: 'unix:///x',
  source: 'Docker',
};

function caught(run: () => unknown): ProtocolError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    return error;
  }
  return assert.fail('no error');
}

/** An envelope as text, with some of its fields otherwise. */
function envelope(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({
    type: 'command',
    id: 'c-1',
    timestamp: NOW,
    channel: 'system',
    action: 'ping',
    data: {},
    ...fields,
  });
}

describe('Messages of clients', () => {
  it('come back as they went', () => {
    const place: LogPlace = {
      cursor: { containerId: CONTAINER_ID, timestamp: NOW, stream: 'stdout', ordinal: 1, hash: 0 },
      runStartedAt: NOW,
      identity: { name: 'web' },
    };
    const filter: LogFilter = {
      minimumLevel: 'warn',
      hideUnknownLevel: true,
      include: [{ kind: 'text', text: 'é', matchCase: false }],
      exclude: [{ kind: 'regex', source: 'a|b', flags: 'i' }],
      contextLines: 2,
    };
    const stream = { stream: 1 };
    const log = { ...stream, container_id: CONTAINER_ID, follow: true, credit: 1 };
    const size = { columns: 80, rows: 24 };
    const messages = [
      makeCommand('ping', 'c-1', NOW, {}),
      makeCommand('open_session', 'c-1', NOW, {
        resume: { session: 's', epoch: 'e', containers: 4, streams: [{ stream: 1, sequence: 0, credit: 9 }] },
      }),
      makeCommand('start_log_stream', 'c-1', NOW, {
        ...log,
        tail: 'all',
        since: NOW,
        filter,
        resumeAt: place,
        compression: 'deflate-raw',
      }),
      makeCommand('start_log_stream', 'c-1', NOW, { ...log, tail: 0 }),
      makeCommand('stop_log_stream', 'c-1', NOW, stream),
      makeCommand('start_exec', 'c-1', NOW, {
        ...stream,
        container_id: CONTAINER_ID,
        command: ['sh'],
        size,
        credit: 5,
      }),
      makeCommand('resize_exec', 'c-1', NOW, { ...stream, size }),
    ];
    for (const message of messages) {
      const received = decodeClientMessage(encodeMessage(message));
      assert.deepEqual(received, { ...message, rawData: message.data });
    }
    const ack = makeAck('a', NOW, [{ stream: 4_294_967_295, sequence: 2 ** 52, credit: 0 }]);
    assert.deepEqual(decodeClientMessage(encodeMessage(ack)), ack);
  });

  it('carry every command for containers, with the role it needs', () => {
    const commands: readonly ContainerCommand[] = [
      { kind: 'start', id: 'a' },
      { kind: 'stop', id: 'a' },
      { kind: 'restart', id: 'a' },
      { kind: 'pause', id: 'a' },
      { kind: 'unpause', id: 'a' },
      { kind: 'kill', id: 'a', signal: 'SIGTERM' },
      { kind: 'rename', id: 'a', name: 'b' },
      { kind: 'remove', id: 'a', force: true, volumes: false },
    ];
    assert.deepEqual(
      commands.map(({ kind }) => kind),
      Object.keys(PERFORM_ROLES),
    );
    for (const command of commands) {
      const received = decodeClientMessage(encodeMessage(makeCommand('perform', 'c-1', NOW, { command })));
      assert.ok(received.type === 'command' && received.action === 'perform');
      assert.deepEqual(received.data.command, command);
      assert.equal(requiredRole(received), PERFORM_ROLES[command.kind]);
    }
    assert.equal(requiredRole(makeCommand('inspect', 'c', NOW, { container_id: 'a' })), 'viewer');
  });

  it('keep what nobody knows for the signature only', () => {
    const text = envelope({
      data: { command: { kind: 'stop', id: 'a', gently: true } },
      channel: 'container',
      action: 'perform',
      extra: 1,
    });
    const received = decodeClientMessage(text);
    assert.ok(received.type === 'command' && received.action === 'perform');
    assert.deepEqual(received.data, { command: { kind: 'stop', id: 'a' } });
    assert.match(
      new TextDecoder().decode(commandBytes(received, received.rawData)),
      /\{"command":\{"gently":true,"id":"a","kind":"stop"\}\}$/,
    );
  });

  it('are violations when they are no envelope', () => {
    const violations = [
      '',
      'null',
      '[]',
      '"x"',
      '{',
      envelope({ type: 'wish' }),
      envelope({ type: 'event', action: 'challenge' }),
      envelope({ type: 'response', status: 'done' }),
      envelope({ type: 'ack', action: 'ack', data: { streams: [{ stream: 0, sequence: 0, credit: 0 }] } }),
      envelope({ id: '' }),
      envelope({ id: 'a b' }),
      envelope({ id: 'x'.repeat(65) }),
      envelope({ id: 7 }),
      envelope({ data: [] }),
      envelope({ data: undefined }),
      envelope({ action: 'x'.repeat(65) }),
      envelope({ auth: { signature: 'short' } }),
    ];
    for (const text of violations)
      assert.equal(caught(() => decodeClientMessage(text)).code, 'badMessage', text);
  });

  it('name the command that is wrong, so that it can be answered', () => {
    const error = caught(() =>
      decodeClientMessage(envelope({ channel: 'log', action: 'start_log_stream', data: { tail: -1 } })),
    );
    assert.equal(error.code, 'badRequest');
    assert.deepEqual(error.command, { id: 'c-1', channel: 'log', action: 'start_log_stream' });
    const bad: readonly [string, string, unknown][] = [
      ['container', 'perform', { command: { kind: 'explode', id: 'a' } }],
      ['container', 'perform', { command: { kind: 'remove', id: 'a' } }],
      ['container', 'inspect', { container_id: '' }],
      ['container', 'inspect', { container_id: 'x'.repeat(129) }],
      [
        'exec',
        'start_exec',
        { stream: 1, container_id: 'a', command: 'sh', size: { columns: 1, rows: 1 }, credit: 1 },
      ],
      ['exec', 'resize_exec', { stream: 1, size: { columns: 1e9, rows: 1 } }],
      ['log', 'stop_log_stream', { stream: 4_294_967_296 }],
      ['log', 'stop_log_stream', { stream: 1.5 }],
      [
        'system',
        'open_session',
        {
          resume: {
            session: 's',
            epoch: 'e',
            streams: Array.from({ length: LIMITS.maxStreams + 1 }, () => ({
              stream: 1,
              sequence: 0,
              credit: 0,
            })),
          },
        },
      ],
    ];
    for (const [channel, action, data] of bad)
      assert.equal(
        caught(() => decodeClientMessage(envelope({ channel, action, data }))).code,
        'badRequest',
        action,
      );
  });

  it('never quote a value in their error', () => {
    const error = caught(() =>
      decodeClientMessage(envelope({ action: 'authenticate', data: { tokenId: 'a', proof: 'my secret' } })),
    );
    assert.doesNotMatch(error.message, /secret/);
    assert.doesNotMatch(caught(() => decodeClientMessage('{"secret')).message, /secret/);
  });

  it('of unknown actions and channels are told apart', () => {
    for (const [channel, action] of [
      ['system', 'dance'],
      ['metrics', 'ping'],
      ['system', 'constructor'],
      ['system', '__proto__'],
      ['system', 'toString'],
    ])
      assert.equal(
        caught(() => decodeClientMessage(envelope({ channel, action }))).code,
        'unknownAction',
        action,
      );
  });
});

describe('Messages of agents', () => {
  it('come back as they went', () => {
    const command = makeCommand('perform', 'c-1', NOW, { command: { kind: 'stop', id: 'a' } });
    const engine: EventData<'engine_state'>['engine'] = { kind: 'ready', info: INFO };
    const messages = [
      makeEvent('engine_state', 'e', NOW, { engine }),
      makeEvent('engine_state', 'e', NOW, {
        engine: { kind: 'away', error: { code: 'unreachable', message: 'gone' }, retryInMs: 900 },
      }),
      makeEvent('initial_state', 'e', NOW, { sequence: 0, part: 0, last: true, containers: [CONTAINER] }),
      makeEvent('container_state_change', 'e', NOW, { sequence: 1, updated: [CONTAINER], removed: ['b'] }),
      makeEvent('connection_established', 'e', NOW, {
        message: 'Welcome',
        agent: { name: 'quaywatch-agent', version: '1' },
        epoch: 'e',
        session: 's',
        resumed: true,
        streams: [{ stream: 1, sequence: 0 }],
        role: 'admin',
        capabilities: { exec: true, teleport: false },
        engine,
      }),
      makeEvent('error', 'e', NOW, { code: 'eclipse', message: 'dark' }),
      accepted(command, NOW),
      done(command, NOW, {}),
      unknown(command, NOW, { reconciled: 'notDone', message: 'm' }),
      failed(command, NOW, { code: 'rateLimited', message: 'm', retryAfterMs: 5 }),
      done({ id: 'c-2', action: 'inspect' }, NOW, { container: { Id: 'x', State: [1, null] } }),
      makeAck('a', NOW, []),
    ];
    for (const message of messages) assert.deepEqual(decodeAgentMessage(encodeMessage(message)), message);
  });

  it('of a newer agent are unknown, not wrong', () => {
    const texts = [
      envelope({ type: 'event', action: 'eclipse' }),
      envelope({ type: 'event', channel: 'metrics', action: 'initial_state' }),
      envelope({ type: 'response', status: 'done', action: 'dance' }),
    ];
    for (const text of texts) assert.equal(decodeAgentMessage(text).type, 'unknown');
  });

  it('keep external enums open', () => {
    const container = { ...CONTAINER, health: 'dizzy', state: 'levitating', mood: 'good' };
    const text = envelope({
      type: 'event',
      channel: 'container',
      action: 'container_state_change',
      data: { sequence: 1, updated: [container], removed: [] },
    });
    const { health, ...withoutHealth } = CONTAINER;
    assert.equal(health, 'healthy');
    const received = decodeAgentMessage(text);
    assert.ok(received.type === 'event' && received.action === 'container_state_change');
    assert.deepEqual(received.data.updated, [{ ...withoutHealth, state: 'levitating' }]);
    const engine = decodeAgentMessage(
      envelope({ type: 'event', action: 'engine_state', data: { engine: { kind: 'asleep' } } }),
    );
    assert.ok(engine.type === 'event' && engine.action === 'engine_state');
    assert.deepEqual(engine.data.engine, { kind: 'connecting' });
  });

  it('have no prototype keys in their labels', () => {
    const labels = `{"__proto__":"x","tier":"front"}`;
    const container = JSON.stringify(CONTAINER).replace('{"tier":"front"}', labels);
    const data = `{"sequence":1,"updated":[${container}],"removed":[]}`;
    const text = `{"type":"event","id":"e","timestamp":"","channel":"container","action":"container_state_change","data":${data}}`;
    const received = decodeAgentMessage(text);
    assert.ok(received.type === 'event' && received.action === 'container_state_change');
    assert.deepEqual(received.data.updated, [CONTAINER]);
    assert.equal(Object.getPrototypeOf(received.data.updated[0]?.labels), Object.prototype);
  });

  it('name the command that a malformed response answers', () => {
    for (const fields of [
      { status: 'done', action: 'authenticate', data: { proof: 1 } },
      { status: 'failed', error: undefined },
      { status: 'failed', error: { code: 1, message: '' } },
      { status: 'unknown', data: {} },
      {},
    ]) {
      const error = caught(() => decodeAgentMessage(envelope({ type: 'response', ...fields })));
      assert.deepEqual([error.code, error.command?.id], ['badMessage', 'c-1']);
    }
  });

  it('that are commands, or events with wrong data, are violations', () => {
    assert.equal(caught(() => decodeAgentMessage(envelope({}))).code, 'badMessage');
    for (const action of Object.keys(EVENTS)) {
      const { channel } = EVENTS[action as keyof typeof EVENTS];
      if (action === 'engine_state') continue;
      assert.equal(
        caught(() => decodeAgentMessage(envelope({ type: 'event', channel, action }))).code,
        'badMessage',
        action,
      );
    }
  });
});
