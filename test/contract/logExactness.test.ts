import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { DockerEngine } from '../../src/engine/docker/dockerEngine';
import { dockerSessionOpener } from '../../src/engine/docker/openDockerSession';
import type { ContainerId } from '../../src/model/container';
import type { LogRequest } from '../../src/model/log';
import { FaultProxy } from '../rig/proxy/faultProxy';
import { eventually } from '../support/eventually';
import { hastyClock } from '../support/hastyClock';
import { checkForLeaks } from '../support/leaks';
import { LogCollector } from '../support/logCollector';
import { seededRandom } from '../support/random';
import { skipWithReason } from '../support/skip';
import { engineControlOrSkip, testEngineOrSkip, type TestEngine } from '../support/testEngine';
import { ContractFixture } from './contractFixture';
import { RealWorld } from './realWorld';

/** The engine cuts longer lines into parts of this many bytes. */
const PART_BYTES = 16 * 1024;
const MEBIBYTE = 1024 * 1024;
const LENGTHS = [
  0,
  1,
  PART_BYTES - 2,
  PART_BYTES - 1,
  PART_BYTES,
  PART_BYTES + 1,
  2 * PART_BYTES - 1,
  2 * PART_BYTES,
  2 * PART_BYTES + 1,
  MEBIBYTE - 1,
  MEBIBYTE,
];
const CUTS = 8;
const ALL: LogRequest = { tail: 'all', follow: true };
const ONCE: LogRequest = { tail: 'all', follow: false };
const WIDE = ['ä', 'é', '→', '漢', '🐳', '🚢'];

/** Random printable characters, of one byte each or of one to four, to exactly this many bytes. */
function randomText(random: () => number, lengthBytes: number, isWide: boolean): string {
  const pieces: string[] = [];
  let missing = lengthBytes;
  while (missing > 0) {
    const wide = isWide && random() < 0.3 ? WIDE[Math.floor(random() * WIDE.length)] : undefined;
    const isFitting = wide !== undefined && Buffer.byteLength(wide) <= missing;
    const piece = isFitting ? wide : String.fromCharCode(33 + Math.floor(random() * 94));
    pieces.push(piece);
    missing -= Buffer.byteLength(piece);
  }
  return pieces.join('');
}

const linesOf = (text: string): readonly string[] => text.split('\n').slice(0, -1);
const textOf = (lines: readonly string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''));

/** Without printing megabytes when they are not. */
function assertSameLines(actual: readonly string[], expected: readonly string[]): void {
  const differing = expected.findIndex((line, index) => line !== actual[index]);
  assert.equal(
    differing,
    -1,
    `line ${differing}: ${actual[differing]?.length} characters, not ${expected[differing]?.length}`,
  );
  assert.equal(actual.length, expected.length);
}

describe('what a container writes, read exactly', () => {
  checkForLeaks();
  for (const logDriver of ['json-file', 'local'] as const) {
    describe(`from ${logDriver}`, () => exactness(logDriver));
  }
});

function exactness(logDriver: 'json-file' | 'local'): void {
  let world: RealWorld;
  let testEngine: TestEngine;
  before(async function () {
    testEngine = testEngineOrSkip(this);
    world = new RealWorld(testEngine, engineControlOrSkip(this));
    await world.cleanUp();
  });
  const log = (): void => undefined;
  const makeEngine = (dockerHost: string) =>
    new DockerEngine({ openSession: dockerSessionOpener(() => dockerHost, log), log, clock: hastyClock });
  const fixture = new ContractFixture(() => ({ world, makeEngine: () => makeEngine(world.dockerHost) }));
  beforeEach(() => fixture.connect());

  const isExited = (id: ContainerId) => fixture.becomes(id, 'exited', ({ state }) => state === 'exited');

  async function readOnce(id: ContainerId): Promise<LogCollector> {
    const collector = fixture.follow(id, ONCE);
    await eventually('the end', () => collector.hasEnded);
    assert.equal(collector.error, undefined);
    return collector;
  }

  /** Prints a file on its standard output, and what was read of it once while it was written and once later. */
  async function printed(text: Buffer, tty = false) {
    const lineCount = linesOf(text.toString()).length;
    const command = 'while [ ! -e /go ]; do sleep 0.02; done; cat /text';
    const id = await world.run({
      name: 'printer',
      logDriver,
      tty,
      command,
      files: { text },
      exitCode: 0,
    });
    const followed = fixture.follow(id, ALL);
    await world.touch(id, '/go');
    await isExited(id);
    await eventually(
      () => `${lineCount} lines, but ${followed.texts.length}`,
      () => followed.texts.length >= lineCount,
    );
    return { id, followed, once: await readOnce(id) };
  }

  for (const tty of [false, true]) {
    const where = tty ? ', in a terminal' : '';

    it(`lines of every length up to 1 MiB, in ASCII${where}`, async () => {
      const random = seededRandom(7);
      const lines = LENGTHS.map((length) => randomText(random, length, false));
      const { followed, once } = await printed(textOf(lines), tty);
      assertSameLines(followed.texts, lines);
      assertSameLines(once.texts, lines);
    });

    it(`lines of every length with characters of several bytes, as the engine stored them${where}`, async function () {
      const random = seededRandom(8);
      const lines = LENGTHS.map((length) => randomText(random, length, true));
      const { id, followed, once } = await printed(textOf(lines), tty);
      const expected = logDriver === 'local' ? lines : await storedLines(id);
      if (!expected) skipWithReason(this, "the engine's own files can't be read here");
      assertSameLines(followed.texts, expected);
      assertSameLines(once.texts, expected);
    });
  }

  /** What json-file stored: it replaces a character that the end of a part splits, and nobody can repair that. */
  async function storedLines(id: ContainerId): Promise<readonly string[] | undefined> {
    const { LogPath: logPath } = (await fixture.engine.inspect(id)) as { LogPath: string };
    const stored = await readFile(logPath, 'utf8').catch(() => undefined);
    if (stored === undefined) return undefined;
    const records = linesOf(stored).map((line) => (JSON.parse(line) as { log: string }).log);
    return linesOf(records.join('').replaceAll('\r\n', '\n'));
  }

  it('both streams at once, also where long lines of both are stored in turns', async () => {
    const random = seededRandom(9);
    const linesOfStream = (stream: string) =>
      Array.from({ length: 1_500 }, (_, index) => {
        const length = index % 50 === 0 ? 3 * PART_BYTES + index : Math.floor(random() * 200);
        return `${stream} ${index} ${randomText(random, length, false)}`;
      });
    const [out, err] = [linesOfStream('out'), linesOfStream('err')];
    const id = await world.run({
      name: 'both',
      logDriver,
      files: { out: textOf(out), err: textOf(err) },
      command: 'cat /out & cat /err >&2; wait',
      exitCode: 0,
    });
    const followed = fixture.follow(id, ALL);
    await isExited(id);
    await eventually(
      () => `3000 lines, but ${followed.texts.length}`,
      () => followed.texts.length >= 3_000,
    );
    for (const collector of [followed, await readOnce(id)]) {
      assertSameLines(collector.textsOf('stdout'), out);
      assertSameLines(collector.textsOf('stderr'), err);
    }
  });

  for (const [how, tail] of [
    ['short', 'tail'],
    ['longer than a part', 'tail '.repeat(PART_BYTES)],
  ] as const) {
    it(`an unterminated last line, ${how}: shown when the run ends, and not glued to the next`, async () => {
      const id = await world.run({
        name: 'broken-off',
        logDriver,
        files: { text: Buffer.from(`first\n${tail}`) },
        command: 'cat /text',
      });
      const followed = fixture.follow(id, ALL);
      await eventually('the first line', () => followed.texts.length > 0);
      await world.die(id, 3);
      await eventually('the stop', () => followed.markers.length > 0);
      assertSameLines(followed.texts, ['first', tail]);
      assert.deepEqual(followed.markers, [{ kind: 'stopped', exitCode: 3, outOfMemory: false }]);
      await world.start(id);
      await eventually('the next run', () => followed.texts.length >= 3);
      await world.die(id, 0);
      await eventually(
        'the second stop',
        () => followed.markerKinds.at(-1) === 'stopped' && followed.markers.length > 1,
      );
      const twice = ['first', tail, 'first', tail];
      assertSameLines(followed.texts, twice);
      assertSameLines((await readOnce(id)).texts, twice);
      assert.deepEqual(followed.markerKinds, ['stopped', 'started', 'stopped']);
    });
  }

  it('long lines, through a connection that is cut in the middle of them', async () => {
    const random = seededRandom(10);
    const lines = Array.from({ length: 12 }, (_, index) =>
      randomText(random, 200_000 + index, logDriver === 'local'),
    );
    const text = textOf(lines);
    const proxy = await FaultProxy.open({
      engineSocketPath: testEngine.socketPath,
      transport: 'unix',
      random,
    });
    const engine = makeEngine(proxy.dockerHost);
    let cuts = 0;
    const cutting = proxy.onDidRequest((connection) => {
      if (!connection.request.includes('/logs?') || cuts >= CUTS) return;
      cuts++;
      connection.cutAfter('down', Math.floor(random() * text.length));
    });
    try {
      engine.connect();
      await eventually('connected', () => engine.connection.kind === 'ready');
      const id = await world.run({ name: 'cut', logDriver, files: { text }, command: 'cat /text' });
      const followed = new LogCollector();
      const following = engine.followLog(id, ALL, followed);
      await eventually(
        () => `${CUTS} cuts and lines, but ${cuts} and ${followed.texts.length}`,
        () => cuts === CUTS && followed.texts.length >= lines.length,
        60_000,
      );
      await world.write(id, 'the end\n');
      await eventually('the end', () => followed.texts.at(-1) === 'the end');
      following.dispose();
      assertSameLines(followed.texts, [...lines, 'the end']);
    } finally {
      cutting.dispose();
      engine.dispose();
      await proxy.dispose();
    }
  });
}
