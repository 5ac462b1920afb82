import { strict as assert } from 'node:assert';
import type {
  ContainerCommand,
  EngineErrorCode as PortErrorCode,
  EngineInfo,
  TerminalSize,
} from '../../src/engine/engine';
import type { LogRequest } from '../../src/model/log';
import { hasRole } from '../../src/protocol/envelope';
import {
  isEngineErrorCode,
  isWireErrorCode,
  ProtocolError,
  type EngineErrorCode,
  type WireErrorCode,
} from '../../src/protocol/errorCodes';
import { canonicalJson, parseJson } from '../../src/protocol/json';
import { LIMITS } from '../../src/protocol/limits';
import { encodeMessage, makeCommand, makeEvent } from '../../src/protocol/makeMessages';
import {
  decodeAgentMessage,
  decodeClientMessage,
  type CommandData,
  type EventData,
} from '../../src/protocol/messages';
import { seededRandom } from '../support/random';

const NOW = '2026-11-21T10:00:00.000Z';

function caught(run: () => unknown): ProtocolError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    return error;
  }
  return assert.fail('no error');
}

describe('JSON from outside', () => {
  it('is as deep as allowed and no deeper, brackets in texts aside', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    assert.ok(parseJson(nested(LIMITS.maxJsonDepth)));
    assert.equal(caught(() => parseJson(nested(LIMITS.maxJsonDepth + 1))).code, 'badMessage');
    assert.equal(caught(() => parseJson('{"a":'.repeat(200_000))).code, 'badMessage');
    const brackets = '['.repeat(LIMITS.maxJsonDepth + 1);
    assert.equal(parseJson(`"${brackets}\\"${brackets}"`), `${brackets}"${brackets}`);
    assert.deepEqual(
      parseJson('[' + Array.from({ length: 100 }, () => '[]').join(',') + ']'),
      Array.from({ length: 100 }, () => []),
    );
  });

  it('has no prototype keys, spelled out or escaped', () => {
    for (const key of ['__proto__', '\\u005f_proto__', '__pr\\u006Fto__', '__\\u0070roto__']) {
      const value = parseJson(`{"a":{"${key}":{"isAdmin":true}},"b":1}`);
      assert.deepEqual(Object.getOwnPropertyNames((value as { a: object }).a), [], key);
      assert.equal(
        (Object.assign({}, (value as { a: object }).a) as { isAdmin?: unknown }).isAdmin,
        undefined,
      );
    }
  });

  it('is canonical in one way', () => {
    const value = { b: [1, { z: null, a: 'é"' }], a: true, '': 0, left: undefined };
    assert.equal(canonicalJson(value), '{"":0,"a":true,"b":[1,{"a":"é\\"","z":null}]}');
    assert.equal(canonicalJson(parseJson(JSON.stringify(value))), canonicalJson(value));
    for (const bad of [1.5, Number.NaN, 2 ** 53, undefined, () => 1])
      assert.equal(caught(() => canonicalJson([bad])).code, 'badMessage');
  });
});

describe('The protocol and the port', () => {
  /** Compiles only if the two types are assignable to each other. */
  type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;

  /** What only the client's end of the wire can say. */
  type NearSideCode =
    | 'tokenRefused'
    | 'agentNotTrusted'
    | 'agentBusy'
    | 'agentEngineAway'
    | 'agentFailure'
    | 'certificateChanged'
    | 'versionMismatch'
    | 'outcomeUnknown';

  it('have the same types, which the compiler checks', () => {
    const checks: readonly [
      // Every code of the far side's port can be carried, and every engine's code is one of the port.
      Exclude<PortErrorCode, NearSideCode> extends WireErrorCode ? true : never,
      EngineErrorCode extends PortErrorCode ? true : never,
      Same<CommandData<'perform'>['command'], ContainerCommand>,
      Same<Extract<EventData<'engine_state'>['engine'], { kind: 'ready' }>['info'], EngineInfo>,
      Same<CommandData<'start_exec'>['size'], TerminalSize>,
      Same<LogRequest['tail'], CommandData<'start_log_stream'>['tail']>,
      Same<keyof LogRequest, keyof CommandData<'start_log_stream'> & keyof LogRequest>,
    ] = [true, true, true, true, true, true, true];
    assert.ok(checks.every(Boolean));
  });

  it('tell known error codes from unknown ones', () => {
    assert.deepEqual([isEngineErrorCode('conflict'), isEngineErrorCode('forbidden')], [true, false]);
    assert.deepEqual(
      [isWireErrorCode('conflict'), isWireErrorCode('forbidden'), isWireErrorCode('x')],
      [true, true, false],
    );
  });

  it('have roles that include each other', () => {
    assert.deepEqual(
      [hasRole('admin', 'viewer'), hasRole('operator', 'operator'), hasRole('viewer', 'operator')],
      [true, true, false],
    );
  });
});

describe('Decoders of messages', () => {
  it('take anything with a coded error or a value', () => {
    const random = seededRandom(11);
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      'null',
      '1e999',
      '"type"',
      '"command"',
      '"data"',
      '\\u0000',
      '"__proto__"',
      '\ud800',
    ];
    for (let round = 0; round < 3_000; round++) {
      const text = Array.from(
        { length: random() * 30 },
        () => pieces[Math.floor(random() * pieces.length)],
      ).join('');
      take(text);
    }
  });

  it('take damaged messages with a coded error or a value', () => {
    const random = seededRandom(12);
    const container = {
      id: 'a',
      name: 'web',
      image: 'nginx',
      imageId: 'sha256:60ad',
      command: 'nginx',
      createdAtMs: 1,
      state: 'running',
      statusText: 'Up',
      ports: [{ containerPort: 80, protocol: 'tcp' }],
      labels: { tier: 'front' },
    };
    const text = encodeMessage(
      makeEvent('container_state_change', 'e', NOW, { sequence: 1, updated: [container], removed: ['b'] }),
    );
    const command = encodeMessage(
      makeCommand('start_log_stream', 'c', NOW, {
        stream: 1,
        container_id: 'a',
        tail: 1,
        follow: true,
        credit: 1,
      }),
    );
    for (let round = 0; round < 3_000; round++) {
      const victim = round % 2 === 0 ? text : command;
      const at = Math.floor(random() * victim.length);
      take(
        victim.slice(0, at) +
          String.fromCharCode(Math.floor(random() * 128)) +
          victim.slice(at + Math.floor(random() * 3)),
      );
    }
  });

  function take(text: string): void {
    for (const decode of [decodeClientMessage, decodeAgentMessage]) {
      try {
        decode(text);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }
  }
});
