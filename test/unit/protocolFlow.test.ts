import { strict as assert } from 'node:assert';
import type { Container } from '../../src/model/container';
import { decodeBase64url, encodeBase64url } from '../../src/protocol/base64url';
import { ContainerChangeLog, ContainerSequence } from '../../src/protocol/containerSequence';
import { ProtocolError } from '../../src/protocol/errorCodes';
import { ReceiveWindow, RetainedBytes, SendWindow } from '../../src/protocol/flowControl';
import { LIMITS } from '../../src/protocol/limits';
import {
  displayFingerprint,
  formatPairingLink,
  formatVSCodeLink,
  parsePairingLink,
  parseToken,
  type Pairing,
} from '../../src/protocol/pairingLink';
import { fieldBytes } from '../../src/protocol/signing';
import { seededRandom } from '../support/random';

const WINDOW_BYTES = 1_000;
const LARGEST_FRAME = 300;

function assertCoded(run: () => unknown, code: ProtocolError['code']): void {
  assert.throws(run, (error) => error instanceof ProtocolError && error.code === code);
}

describe('The window of a sender', () => {
  it('closes when the credit is used up; the last frame may go beyond it', () => {
    const window = new SendWindow<string>(100, new RetainedBytes());
    window.push('a', 99);
    assert.ok(window.canSend);
    window.push('b', 500);
    assert.ok(!window.canSend);
    window.acknowledge({ sequence: 1, credit: 599 });
    assert.ok(!window.canSend, 'all of the credit is used');
    window.acknowledge({ sequence: 1, credit: 600 });
    assert.ok(window.canSend);
  });

  it('keeps what is not acknowledged, and counts it for the whole session', () => {
    const retained = new RetainedBytes(100);
    const first = new SendWindow<string>(1_000, retained);
    const second = new SendWindow<string>(1_000, retained);
    first.push('a', 60);
    second.push('b', 60);
    assert.deepEqual([first.canSend, second.canSend, retained.used], [false, false, 120]);
    const third = new SendWindow<string>(1_000, retained);
    assert.ok(third.canSend, 'streams that nobody reads do not stop the others');
    first.acknowledge({ sequence: 1, credit: 1_000 });
    assert.deepEqual([first.isDrained, second.canSend, retained.used], [true, true, 60]);
    second.dispose();
    assert.equal(retained.used, 0);
  });

  it('counts for all sessions of a token, too', () => {
    const ofToken = new RetainedBytes(100);
    const windows = [1, 2].map(() => new SendWindow<string>(1_000, new RetainedBytes(80, ofToken)));
    const [first, second] = windows;
    assert.ok(first && second);
    first.push('a', 60);
    second.push('b', 20);
    assert.deepEqual([first.canSend, second.canSend, ofToken.used], [true, true, 80]);
    second.push('c', 20);
    assert.deepEqual([first.canSend, second.canSend], [false, false]);
    first.dispose();
    assert.deepEqual([second.canSend, ofToken.used], [true, 40]);
  });

  it('ignores an old ack, and refuses one of what was never sent', () => {
    const window = new SendWindow<string>(100, new RetainedBytes());
    window.push('a', 10);
    window.push('b', 10);
    window.acknowledge({ sequence: 2, credit: 120 });
    window.acknowledge({ sequence: 1, credit: 20 });
    assert.ok(window.isDrained && window.canSend);
    assertCoded(() => window.acknowledge({ sequence: 3, credit: 120 }), 'flowViolation');
    assertCoded(() => window.resume({ sequence: 3, credit: 120 }), 'flowViolation');
  });

  it('takes no more credit than the limit', () => {
    const window = new SendWindow<string>(
      Number.MAX_SAFE_INTEGER,
      new RetainedBytes(Number.MAX_SAFE_INTEGER),
    );
    window.push('a', LIMITS.maxCreditBytes);
    assert.ok(!window.canSend);
    window.acknowledge({ sequence: 1, credit: Number.MAX_SAFE_INTEGER });
    window.push('b', LIMITS.maxCreditBytes);
    assert.ok(!window.canSend);
  });

  it('sends again what a peer that comes back has not received', () => {
    const window = new SendWindow<string>(100, new RetainedBytes());
    for (const frame of ['a', 'b', 'c']) window.push(frame, 10);
    assert.deepEqual(window.resume({ sequence: 1, credit: 100 }), ['b', 'c']);
    assert.deepEqual(window.resume({ sequence: 1, credit: 100 }), ['b', 'c'], 'the connection broke again');
    assert.equal(window.nextSequence, 4);
    assert.deepEqual(window.resume({ sequence: 3, credit: 100 }), []);
    assert.equal(window.resume({ sequence: 1, credit: 100 }), undefined, 'it is not kept any more');
  });
});

describe('The window of a receiver', () => {
  it('refuses frames out of sequence and beyond the credit', () => {
    const window = new ReceiveWindow(100);
    window.receive(1, 10);
    assertCoded(() => window.receive(1, 10), 'flowViolation');
    assertCoded(() => window.receive(3, 10), 'flowViolation');
    window.receive(2, 90);
    assertCoded(() => window.receive(3, 1), 'flowViolation');
    assert.deepEqual(window.position, { sequence: 2, credit: 100 });
  });

  it('acknowledges when half of the window is used, or when asked to', () => {
    const window = new ReceiveWindow(100);
    for (let sequence = 1; sequence <= 4; sequence++) window.receive(sequence, 20);
    assert.equal(window.takeAck(), undefined);
    assert.equal(window.consume(1), undefined);
    assert.equal(window.consume(2), undefined);
    assert.ok(window.isAckPending);
    assert.deepEqual(window.consume(3), { sequence: 3, credit: 160 });
    assert.equal(window.consume(3), undefined, 'that is known');
    assert.equal(window.consume(4), undefined);
    assert.deepEqual(window.takeAck(), { sequence: 4, credit: 180 });
    assert.equal(window.takeAck(), undefined);
  });

  it('gets every frame once and in order over any cuts, within its window', () => {
    const random = seededRandom(5);
    for (let round = 0; round < 50; round++) transferOverCuts(random, 300);
  });
});

/** A sender and a receiver over a connection that breaks; frames and acks under way are lost then. */
function transferOverCuts(random: () => number, count: number): void {
  const sender = new SendWindow<number>(WINDOW_BYTES, new RetainedBytes());
  const receiver = new ReceiveWindow(WINDOW_BYTES);
  const costs = Array.from({ length: count }, () => 1 + Math.floor(random() * LARGEST_FRAME));
  const costOf = (frame: number) => costs[frame - 1] ?? 0;
  let wire: number[] = [];
  const received: number[] = [];
  const waiting: number[] = [];
  const send = () => {
    const frame = sender.nextSequence;
    if (frame > count || !sender.canSend) return;
    sender.push(frame, costOf(frame));
    wire.push(frame);
  };
  const receive = () => {
    const frame = wire.shift();
    if (frame === undefined) return;
    receiver.receive(frame, costOf(frame));
    received.push(frame);
    waiting.push(frame);
  };
  const consume = () => {
    const frame = waiting.shift();
    return frame === undefined ? undefined : receiver.consume(frame);
  };
  for (let turn = 0; received.length < count || waiting.length > 0; turn++) {
    assert.ok(turn < count * 100, 'it goes on');
    if (random() < 0.6) send();
    if (random() < 0.6) receive();
    assert.ok(waiting.reduce((sum, each) => sum + costOf(each), 0) <= WINDOW_BYTES + LARGEST_FRAME);
    const ack = random() < 0.5 ? consume() : receiver.takeAck();
    const isCut = random() < 0.05;
    if (ack && !isCut) sender.acknowledge(ack);
    if (isCut) wire = [...(sender.resume(receiver.position) ?? assert.fail('it can always resume'))];
  }
  assert.deepEqual(
    received,
    costs.map((_, index) => index + 1),
  );
}

describe('The changes of containers', () => {
  function container(id: string): Container {
    return {
      id,
      name: id,
      image: '',
      imageId: '',
      command: '',
      createdAtMs: 0,
      state: 'running',
      statusText: '',
      ports: [],
      labels: {},
    };
  }

  it('are numbered, and kept for who comes back', () => {
    const log = new ContainerChangeLog<number>();
    for (let count = 0; count < 3; count++) log.add((sequence) => sequence * 10, 1);
    assert.equal(log.sequence, 3);
    assert.deepEqual(log.since(1), [20, 30]);
    assert.deepEqual(log.since(3), []);
    assert.equal(log.since(4), undefined);
    log.reset();
    assert.deepEqual([log.since(3), log.since(4)], [undefined, []]);
  });

  it('are kept within their limits', () => {
    const log = new ContainerChangeLog<number>();
    for (let count = 0; count <= LIMITS.containerChangesKept; count++) log.add((sequence) => sequence, 1);
    assert.equal(log.since(0), undefined);
    assert.equal(log.since(1)?.length, LIMITS.containerChangesKept);
    log.add((sequence) => sequence, LIMITS.containerChangesKeptBytes + 1);
    assert.deepEqual(log.since(log.sequence - 1), undefined, 'one that is too large is not kept');
    assert.deepEqual(log.since(log.sequence), []);
  });

  it('follow a snapshot, of which the parts are put together', () => {
    const client = new ContainerSequence();
    assert.deepEqual(
      client.takeSnapshot({ sequence: 5, part: 0, last: false, containers: [container('a')] }),
      { kind: 'nothing' },
    );
    assert.equal(client.sequence, undefined);
    const listed = client.takeSnapshot({ sequence: 5, part: 1, last: true, containers: [container('b')] });
    assert.ok(listed.kind === 'listed');
    assert.deepEqual([...listed.containers.keys()], ['a', 'b']);
    assert.equal(client.takeChange({ sequence: 6, updated: [container('c')], removed: [] }).kind, 'changed');
    assert.equal(client.takeChange({ sequence: 6, updated: [], removed: [] }).kind, 'nothing', 'it has that');
    assert.equal(client.sequence, 6);
  });

  it('that miss one are asked for once, until there is a snapshot', () => {
    const client = new ContainerSequence();
    client.takeSnapshot({ sequence: 1, part: 0, last: true, containers: [] });
    assert.equal(client.takeChange({ sequence: 3, updated: [], removed: [] }).kind, 'outOfSequence');
    assert.equal(client.takeChange({ sequence: 4, updated: [], removed: [] }).kind, 'nothing');
    assert.equal(client.takeSnapshot({ sequence: 4, part: 0, last: true, containers: [] }).kind, 'listed');
    assert.equal(client.takeChange({ sequence: 5, updated: [], removed: [] }).kind, 'changed');
  });

  it('do not mix parts of two snapshots', () => {
    const client = new ContainerSequence();
    client.takeSnapshot({ sequence: 1, part: 0, last: false, containers: [container('a')] });
    assert.equal(
      client.takeSnapshot({ sequence: 1, part: 2, last: true, containers: [] }).kind,
      'outOfSequence',
    );
    client.reconnected();
    client.takeSnapshot({ sequence: 1, part: 0, last: false, containers: [container('a')] });
    const listed = client.takeSnapshot({ sequence: 2, part: 0, last: true, containers: [container('b')] });
    assert.ok(listed.kind === 'listed');
    assert.deepEqual([...listed.containers.keys()], ['b']);
  });
});

describe('Pairing links', () => {
  const secret = encodeBase64url(new Uint8Array(32).fill(7));
  const key = encodeBase64url(new Uint8Array(32).fill(9));
  const token = { id: 'laptop-2_x', secret };
  const pairings: readonly Pairing[] = [
    {
      host: 'example.com',
      port: 7443,
      token,
      security: { kind: 'pinned', key },
      name: 'Büro & Söhne #1=100%',
    },
    { host: '::1', port: 1, token, security: { kind: 'plain' } },
    { host: '10.0.0.7', port: 65_535, token, security: { kind: 'checked' } },
  ];

  it('come back as they went, in both forms', () => {
    for (const pairing of pairings) {
      assert.deepEqual(parsePairingLink(formatPairingLink(pairing)), pairing);
      assert.deepEqual(parsePairingLink(` ${formatVSCodeLink(pairing)}\n`), pairing);
    }
    assert.match(formatPairingLink(pairings[1] ?? assert.fail()), /^quaywatch:\/\/\[::1\]:1\/#/);
  });

  it('have a default port, and ignore what nobody knows', () => {
    const pairing = parsePairingLink(`quaywatch://host/#token=laptop.${secret}&colour=blue&name=`);
    assert.deepEqual(pairing, {
      host: 'host',
      port: 7443,
      token: { id: 'laptop', secret },
      security: { kind: 'checked' },
    });
  });

  it('are refused without being quoted', () => {
    const fragment = `token=laptop.${secret}`;
    const links = [
      '',
      'https://example.com',
      `quaywatch://host`,
      `quaywatch://host/?${fragment}`,
      `quaywatch://user@host/#${fragment}`,
      `quaywatch://ho st/#${fragment}`,
      `quaywatch://host:0/#${fragment}`,
      `quaywatch://host:65536/#${fragment}`,
      `quaywatch://host/#token=laptop`,
      `quaywatch://host/#token=laptop.${secret}x`,
      `quaywatch://host/#token=lap top.${secret}`,
      `quaywatch://host/#token=.${secret}`,
      `quaywatch://host/#${fragment}&${fragment}`,
      `quaywatch://host/#${fragment}&key=short`,
      `quaywatch://host/#${fragment}&key=${key}&plain=1`,
      `quaywatch://host/#${fragment}&plain=yes`,
      `quaywatch://host/#${fragment}&name=%E0%A4%A`,
      `quaywatch://host/#${fragment}&name=${'x'.repeat(LIMITS.maxPairingLinkLength)}`,
      'vscode://quaywatch.quaywatch/pair?link=***',
      `vscode://quaywatch.quaywatch/pair?link=${encodeBase64url(Uint8Array.of(0xff))}`,
    ];
    for (const link of links) {
      assertCoded(() => parsePairingLink(link), 'badLink');
      try {
        parsePairingLink(link);
      } catch (error) {
        assert.ok(error instanceof Error && !error.message.includes(secret));
      }
    }
  });

  it('are read in bounded time, whatever they are', () => {
    const random = seededRandom(6);
    const pieces = [
      'quaywatch://',
      'vscode://quaywatch.quaywatch/pair?link=',
      '#',
      '&',
      '=',
      '[',
      ']',
      ':',
      '%',
      '.',
      'a',
      secret,
    ];
    for (let round = 0; round < 2_000; round++) {
      const link = Array.from(
        { length: random() * 20 },
        () => pieces[Math.floor(random() * pieces.length)],
      ).join('');
      try {
        parsePairingLink(link);
      } catch (error) {
        assert.ok(error instanceof ProtocolError);
      }
    }
  });

  it('hold tokens that can be typed by hand', () => {
    assert.deepEqual(parseToken(` laptop.${secret} `), { id: 'laptop', secret });
    for (const bad of ['', 'laptop', `a.b.${secret}`, `x.${secret.slice(1)}`])
      assertCoded(() => parseToken(bad), 'badLink');
    assert.equal(displayFingerprint(key), `SHA256:${key}`);
  });
});

describe('Bytes as text', () => {
  it('are base64url as Node writes it', () => {
    const random = seededRandom(9);
    for (let length = 0; length < 70; length++) {
      const bytes = Uint8Array.from({ length }, () => Math.floor(random() * 256));
      const text = Buffer.from(bytes).toString('base64url');
      assert.equal(encodeBase64url(bytes), text);
      assert.deepEqual(decodeBase64url(text), bytes);
    }
  });

  it('are refused in any other spelling', () => {
    for (const text of ['a', 'aaaaa', 'ab', 'a+', 'a/', 'aa==', 'aé'])
      assert.equal(decodeBase64url(text), undefined, text);
  });

  it('of fields are different for different fields', () => {
    const lists = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', ''], ['', 'abc'], []];
    const spelled = lists.map((fields) => Buffer.from(fieldBytes(fields)).toString('hex'));
    assert.equal(new Set(spelled).size, lists.length);
  });
});
