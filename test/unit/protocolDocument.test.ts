import { strict as assert } from 'node:assert';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashText } from '../../src/model/logHash';
import { MACHINE_SERIES } from '../../src/model/machineMetrics';
import { METRIC_SERIES } from '../../src/model/metrics';
import { COMMANDS, EVENTS, PERFORM_ROLES, RESERVED_CHANNELS } from '../../src/protocol/actions';
import { decodeBase64url } from '../../src/protocol/base64url';
import { CLOSE_REASONS, HTTP_REFUSALS } from '../../src/protocol/closeCodes';
import { decodeFrame, frameCost, FRAME_TYPES } from '../../src/protocol/dataFrames';
import { decodeEntriesBody } from '../../src/protocol/deploymentFrames';
import { AGENT_ERROR_CODES, ENGINE_ERROR_CODES } from '../../src/protocol/errorCodes';
import { DEFAULT_PORT, LIMITS } from '../../src/protocol/limits';
import { decodeLogBody } from '../../src/protocol/logFrames';
import { decodeAgentMessage, decodeClientMessage } from '../../src/protocol/messages';
import { SAMPLE_FIELDS } from '../../src/protocol/metricsFrames';
import { parsePairingLink } from '../../src/protocol/pairingLink';
import { PLAIN_ERRORS } from '../../src/protocol/plainMessages';
import {
  agentProofBytes,
  clientProofBytes,
  commandBytes,
  connectionKeyBytes,
  watchKeyBytes,
} from '../../src/protocol/signing';

const TEXT = readFileSync(join(import.meta.dirname, '../../src/protocol/PROTOCOL.md'), 'utf8');

/** The text between a heading and the next one of any level. */
function chapter(heading: string): string {
  const [, rest] = TEXT.split(new RegExp(`^#+ ${heading}$`, 'm'));
  assert.ok(rest !== undefined, `no heading ${heading}`);
  return rest.split(/^#+ /m)[0] ?? '';
}

/** The rows of the table whose first column has this head, without the backquotes. */
function table(text: string, head: string): string[][] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => new RegExp(`^\\| \`?${head}\`? +\\|`).test(line));
  assert.ok(start >= 0, `no table ${head}`);
  const rows: string[][] = [];
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('|')) break;
    rows.push(
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
  }
  return rows;
}

describe('PROTOCOL.md', () => {
  it('has the limits of the code', () => {
    const stated = table(chapter('Limits'), 'Limit').map(([name, value]) => [
      name,
      Number(value?.replaceAll(',', '')),
    ]);
    assert.deepEqual(stated, Object.entries(LIMITS));
    assert.ok(TEXT.includes(`The port is ${DEFAULT_PORT} `));
  });

  it('names no limit that is not in the table', () => {
    const named = TEXT.match(/`[a-z][A-Za-z]+(?:Ms|Bytes|Kept|PerFrame|Depth|PerPart|Streams)`/g) ?? [];
    const figures: readonly string[] = [
      ...SAMPLE_FIELDS,
      ...MACHINE_SERIES,
      'memoryTotalBytes',
      'diskTotalBytes',
    ];
    const unknown = named
      .map((name) => name.slice(1, -1))
      .filter((name) => !(name in LIMITS) && !figures.includes(name));
    // Fields and a code, not limits.
    assert.deepEqual([...new Set(unknown)].sort(), [
      'endedAtMs',
      'fromMs',
      'retryAfterMs',
      'stateSinceMs',
      'textBytes',
      'toMs',
      'tooManyStreams',
    ]);
  });

  it('has the close codes of the code', () => {
    const stated = table(chapter('Close codes'), 'Code').map(([code, name, kind, from, meaning]) => [
      name,
      { code: Number(code), kind, from, meaning },
    ]);
    const expected = Object.entries(CLOSE_REASONS).map(([name, reason]) => [
      name,
      { ...reason, meaning: reason.meaning.replaceAll('`', '') },
    ]);
    assert.deepEqual(stated, expected);
  });

  it('names no close code that is not in the table', () => {
    const named = TEXT.match(/`(?:1\d|4[04])\d\d`/g) ?? [];
    const codes: readonly number[] = Object.values(CLOSE_REASONS).map(({ code }) => code);
    const statuses: readonly number[] = Object.values(HTTP_REFUSALS).map(({ status }) => status);
    const numbers = named.map((code) => Number(code.slice(1, -1)));
    assert.ok(numbers.length > 20);
    assert.deepEqual(
      numbers.filter((code) => !codes.includes(code) && !statuses.includes(code)),
      [],
    );
  });

  it('has the HTTP refusals of the code', () => {
    const stated = table(chapter('HTTP refusals'), 'Status').map(([status, name, kind]) => [
      name,
      Number(status),
      kind,
    ]);
    const expected = Object.entries(HTTP_REFUSALS).map(([name, { status, kind }]) => [name, status, kind]);
    assert.deepEqual(stated, expected);
  });

  it('has the error codes of the code', () => {
    const stated = table(chapter('11\\. Errors'), 'Code').map(([code]) => code);
    assert.deepEqual(stated, [...AGENT_ERROR_CODES, ...ENGINE_ERROR_CODES]);
  });

  it('has the commands of the code, with channel, role and signature', () => {
    const stated = table(chapter('Commands'), 'Action').map(([action, channel, role, signed]) => [
      action,
      channel,
      role,
      signed,
    ]);
    const expected = Object.entries(COMMANDS).map(([action, { channel, role, isSigned }]) => [
      action,
      channel,
      role === 'byKind' ? 'by kind' : role,
      isSigned ? 'yes' : 'no',
    ]);
    assert.deepEqual(stated, expected);
  });

  it('names the fields of every command and event', () => {
    const rows = new Map([
      ...table(chapter('Commands'), 'Action').map(
        ([action, , , , data, result]) => [action, `${data} ${result}`] as const,
      ),
      ...table(chapter('Events'), 'Action').map(([action, , data]) => [action, data] as const),
    ]);
    const opening = chapter('2\\. Opening a connection');
    for (const [action, { data }] of [...Object.entries(COMMANDS), ...Object.entries(EVENTS)]) {
      const where = action === 'authenticate' ? opening : rows.get(action);
      for (const field of Object.keys(data.entries))
        assert.match(where ?? '', new RegExp(`\\b${field}\\b`), `${action}: ${field}`);
    }
  });

  it('has the events of the code', () => {
    const stated = table(chapter('Events'), 'Action').map(([action, channel]) => [action, channel]);
    assert.deepEqual(
      stated,
      Object.entries(EVENTS).map(([action, { channel }]) => [action, channel]),
    );
    assert.ok(
      TEXT.includes(`Reserved for later: ${RESERVED_CHANNELS.map((name) => `\`${name}\``).join(', ')}`),
    );
  });

  it("has the container commands' roles of the code", () => {
    const stated = table(chapter('6\\. Commands that change something'), 'kind').flatMap(([kinds, , role]) =>
      (kinds ?? '').split(', ').map((kind) => [kind, role]),
    );
    assert.deepEqual(stated, Object.entries(PERFORM_ROLES));
  });

  it('has the frame types of the code', () => {
    const stated = table(chapter('7\\. Data frames'), 'Type').map(([number, name]) => [name, Number(number)]);
    assert.deepEqual(stated, Object.entries(FRAME_TYPES));
  });

  it('has the figures and series of the code', () => {
    const figures = chapter('Figures');
    const stated = table(figures, 'Figure').map(([number, name]) => [name, Number(number)]);
    assert.deepEqual(
      stated,
      SAMPLE_FIELDS.map((name, number) => [name, number]),
    );
    const listOf = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');
    assert.ok(figures.includes(`A container's series are ${listOf(METRIC_SERIES)};`));
    assert.ok(figures.includes(`the machine's are ${listOf(MACHINE_SERIES)}.`));
  });

  it("has the plain endpoints' errors of the code", () => {
    for (const message of Object.values(PLAIN_ERRORS)) assert.ok(TEXT.includes(message), message);
  });

  it('states how the text of a cursor is hashed', () => {
    const [, text = '', hash] = /FNV-1a \(32 bits, `(.+?)` is (\d+)\)/.exec(chapter('7. Data frames')) ?? [];
    assert.equal(hashText(text), Number(hash));
  });

  it('has links that lead somewhere', () => {
    const anchors = new Set(
      (TEXT.match(/^#+ .+$/gm) ?? []).map((heading) =>
        heading
          .replace(/^#+ /, '')
          .toLowerCase()
          .replace(/[^a-z0-9 -]/g, '')
          .replaceAll(' ', '-'),
      ),
    );
    const links = Array.from(TEXT.matchAll(/\]\(#([^)]+)\)/g), ([, anchor]) => anchor ?? '');
    assert.ok(links.length > 10);
    assert.deepEqual(
      links.filter((anchor) => !anchors.has(anchor)),
      [],
    );
  });
});

describe("PROTOCOL.md's examples", () => {
  const examples = chapter('13\\. Examples');
  const messages = examples.split('\n').filter((line) => /^[→←] \{/.test(line));
  const value = (what: string) =>
    table(examples, 'What').find(([name]) => name?.startsWith(what))?.[1] ?? assert.fail(what);
  const secret = Buffer.from(value('Secret'), 'base64url');
  const hmac = (key: Uint8Array, bytes: Uint8Array) => createHmac('sha256', key).update(bytes).digest();
  const find = (direction: '→' | '←', what: string) =>
    messages.find((line) => line.startsWith(direction) && line.includes(what))?.slice(2) ?? assert.fail(what);

  it('are messages that the codec takes', () => {
    assert.ok(messages.length > 20);
    for (const line of messages) {
      const text = line.slice(2);
      const message = line.startsWith('→') ? decodeClientMessage(text) : decodeAgentMessage(text);
      assert.notEqual(message.type, 'unknown', text);
    }
  });

  it('have proofs, keys and a signature that are right', () => {
    const challenge = decodeAgentMessage(find('←', '"challenge"'));
    const authenticate = decodeClientMessage(find('→', '"authenticate"'));
    const answer = decodeAgentMessage(find('←', '"authenticate"'));
    assert.ok(challenge.type === 'event' && challenge.action === 'challenge');
    assert.ok(authenticate.type === 'command' && authenticate.action === 'authenticate');
    assert.ok(answer.type === 'response' && answer.action === 'authenticate' && answer.status === 'done');
    const transcript = { ...authenticate.data, nonce: challenge.data.nonce };
    assert.equal(hmac(secret, clientProofBytes(transcript)).toString('base64url'), authenticate.data.proof);
    assert.equal(hmac(secret, agentProofBytes(transcript)).toString('base64url'), answer.data.proof);
    const key = hmac(secret, connectionKeyBytes(transcript));
    assert.equal(key.toString('base64url'), value('Connection key'));
    for (const action of ['perform', 'start_deployment"', 'cancel_deployment']) {
      const signed = decodeClientMessage(find('→', action));
      assert.ok(signed.type === 'command');
      const signature = hmac(key, commandBytes(signed, signed.rawData)).toString('base64url');
      assert.equal(signature, signed.auth?.signature, action);
    }
    const watchKey = hmac(secret, watchKeyBytes('laptop')).toString('base64url');
    assert.equal(`laptop.${watchKey}`, value('Watch key'));
  });

  it('say how the bytes are joined that are signed', () => {
    const bytes = watchKeyBytes('laptop');
    assert.deepEqual(
      [...bytes],
      [0, 0, 0, 9, ...Buffer.from('watch key'), 0, 0, 0, 6, ...Buffer.from('laptop')],
    );
  });

  it('have a pairing link in both forms', () => {
    const pairing = parsePairingLink(value('Pairing link'));
    assert.deepEqual(parsePairingLink(value('The same for VS Code')), pairing);
    assert.equal(pairing.host, 'example.com');
    assert.deepEqual(decodeBase64url(pairing.token.secret), new Uint8Array(secret));
  });

  it('have entries of a deployment that decode', () => {
    const json = /```text\n(\{"entries"[^`]+)```/.exec(examples)?.[1] ?? assert.fail('no entries');
    const entries = decodeEntriesBody(Buffer.from(json.trim()));
    assert.deepEqual(
      entries.map(({ sequence, kind }) => [sequence, kind]),
      [
        [1, 'state'],
        [2, 'state'],
        [3, 'log'],
      ],
    );
    const started = decodeAgentMessage(find('←', '"start_deployment","status":"done"'));
    assert.ok(
      started.type === 'response' && started.action === 'start_deployment' && started.status === 'done',
    );
    const [first] = entries;
    assert.deepEqual(first?.kind === 'state' && first.deployment, started.data.deployment);
  });

  it('have a frame that decodes to what stands below it', () => {
    const hex = /```hex\n([^`]+)```/.exec(examples)?.[1] ?? assert.fail('no frame');
    const frame = decodeFrame(Buffer.from(hex.replaceAll('\n', ''), 'hex'));
    assert.equal(frame.type, 'log_update');
    assert.equal(frameCost(frame), 130);
    assert.deepEqual(decodeLogBody(frame.body), [
      {
        kind: 'lines',
        batch: {
          textLength: 6,
          lines: [
            { timestamp: '2026-11-21T10:00:00.000000001Z', stream: 'stdout', text: 'hi' },
            { timestamp: '2026-11-21T10:00:00.000000002Z', stream: 'stderr', text: 'né' },
          ],
        },
      },
      { kind: 'marker', marker: { kind: 'started' } },
    ]);
  });
});
