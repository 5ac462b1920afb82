import { deflateRawSync } from 'node:zlib';
import type { WebSocket } from 'ws';

type Random = () => number;

export interface HostileTarget {
  readonly socket: WebSocket;
  readonly random: Random;
  /** Ids that a client may know or guess. */
  readonly ids: readonly string[];
}

const CHANNELS = ['system', 'container', 'log', 'exec', 'metrics', 'deployment', '', '__proto__'];
const ACTIONS = [
  'ping',
  'request_state',
  'inspect',
  'perform',
  'start_log_stream',
  'stop_log_stream',
  'start_exec',
  'resize_exec',
  'stop_exec',
  'authenticate',
  'open_session',
  'ack',
  'constructor',
  '__proto__',
];
const FIELDS = [
  'stream',
  'container_id',
  'tail',
  'follow',
  'credit',
  'command',
  'size',
  'resumeAt',
  'filter',
  'streams',
];
const LONGEST_BYTES = 400;
const DEEPEST = 60;

/** Sends one thing that an honest client does not: from broken WebSocket frames to commands with nonsense in them. */
export function sendHostile(target: HostileTarget): void {
  const { random } = target;
  const kinds = [
    brokenFrame,
    randomBinary,
    dataFrame,
    randomText,
    deepText,
    command,
    command,
    command,
    ack,
    control,
    fragments,
  ];
  pick(kinds, random)?.(target);
}

/** Bytes beside the library, which the other side takes for a WebSocket frame. */
function brokenFrame({ socket, random }: HostileTarget): void {
  const { _socket: transport } = socket as unknown as { _socket?: { write(bytes: Buffer): void } };
  transport?.write(bytesOf(random, LONGEST_BYTES));
}

function randomBinary({ socket, random }: HostileTarget): void {
  socket.send(bytesOf(random, LONGEST_BYTES));
}

/** A data frame of which most is right. */
function dataFrame({ socket, random }: HostileTarget): void {
  const plain = bytesOf(random, LONGEST_BYTES);
  const isCompressed = random() < 0.3;
  const body = isCompressed && random() < 0.5 ? deflateRawSync(plain) : plain;
  const header = Buffer.alloc(20);
  header[0] = whole(random, 20);
  header[1] = isCompressed ? 1 : whole(random, 3);
  header.writeUInt32BE(whole(random, 5), 4);
  header.writeBigUInt64BE(BigInt(random() < 0.1 ? Number.MAX_SAFE_INTEGER : whole(random, 5)), 8);
  header.writeUInt32BE(random() < 0.1 ? 0xffffffff : plain.length, 16);
  socket.send(Buffer.concat([header, body]));
}

function randomText({ socket, random }: HostileTarget): void {
  socket.send(bytesOf(random, LONGEST_BYTES), { binary: false });
}

function deepText({ socket, random }: HostileTarget): void {
  const depth = whole(random, DEEPEST);
  socket.send(
    `{"type":"command","id":"d","timestamp":"","channel":"system","action":"ping","data":${'{"a":['.repeat(depth)}${']}'.repeat(depth)}}`,
  );
}

function command(target: HostileTarget): void {
  const { socket, random } = target;
  const data: Record<string, unknown> = {};
  for (const field of FIELDS) if (random() < 0.6) data[field] = value(target, 0);
  const text = JSON.stringify({
    type: random() < 0.9 ? 'command' : pick(['response', 'event', 'wish'], random),
    id: random() < 0.9 ? `h-${whole(random, 1_000)}` : value(target, 0),
    timestamp: random() < 0.8 ? '' : value(target, 0),
    channel: pick(CHANNELS, random),
    action: pick(ACTIONS, random),
    data: random() < 0.95 ? data : value(target, 0),
    ...(random() < 0.2 && { auth: { signature: value(target, 0) } }),
  });
  socket.send(random() < 0.1 ? `${text.slice(0, -1)},"__proto__":{"polluted":1}}` : text);
}

function ack({ socket, random }: HostileTarget): void {
  const streams = Array.from({ length: whole(random, 4) }, () => ({
    stream: whole(random, 4),
    sequence: whole(random, 3),
    credit: whole(random, 2 ** 31),
  }));
  socket.send(
    JSON.stringify({
      type: 'ack',
      id: 'a',
      timestamp: '',
      channel: 'system',
      action: 'ack',
      data: { streams },
    }),
  );
}

function control({ socket, random }: HostileTarget): void {
  if (random() < 0.5) socket.ping(bytesOf(random, 125));
  else socket.pong(bytesOf(random, 125));
}

function fragments({ socket, random }: HostileTarget): void {
  const count = 1 + whole(random, 300);
  for (let part = 0; part < count; part++) socket.send(bytesOf(random, 20), { fin: random() < 0.01 });
  socket.send('', { fin: true });
}

function value(target: HostileTarget, depth: number): unknown {
  const { random, ids } = target;
  const plain: readonly unknown[] = [
    null,
    -1,
    0,
    1,
    2,
    1.5,
    2 ** 53,
    '',
    'all',
    'x'.repeat(300),
    true,
    false,
    '\u0000',
    'pong',
  ];
  const roll = random();
  if (roll < 0.3) return pick(ids, random);
  if (roll < 0.8 || depth > 3) return pick(plain, random);
  if (roll < 0.9) return Array.from({ length: whole(random, 4) }, () => value(target, depth + 1));
  return {
    kind: pick(['stop', 'kill', 'remove', 'fly'], random),
    id: pick(ids, random),
    [`k${whole(random, 9)}`]: value(target, depth + 1),
  };
}

function bytesOf(random: Random, longest: number): Buffer {
  return Buffer.from(Array.from({ length: whole(random, longest) }, () => whole(random, 256)));
}

function whole(random: Random, below: number): number {
  return Math.floor(random() * below);
}

function pick<T>(values: readonly T[], random: Random): T | undefined {
  return values[whole(random, values.length)];
}
