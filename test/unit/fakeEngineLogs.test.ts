import assert from 'node:assert/strict';
import {
  FakeEngine,
  type ContainerOptions,
  type FakeContainer,
  type PersonalityName,
} from '../doubles/fakeEngine/fakeEngine';
import { RawClient, type Frame } from '../doubles/fakeEngine/rawClient';

const SECOND_NS = 1_000_000_000n;
const START_NS = 1_700_000_000n * SECOND_NS;
const BOTH = 'stdout=1&stderr=1';

describe('FakeEngine: logs', () => {
  let engine: FakeEngine;
  let client: RawClient;
  let container: FakeContainer;

  async function open(personality: PersonalityName = '20.10', options: ContainerOptions = {}): Promise<void> {
    engine = await new FakeEngine({ personality }).listen();
    client = new RawClient(engine.socketPath);
    container = engine.run({ name: 'web', ...options });
  }

  function write(text: string, secondsLater: number, stream: 'stdout' | 'stderr' = 'stdout'): void {
    engine.writeLog(container, stream, text, { timestampNs: START_NS + BigInt(secondsLater) * SECOND_NS });
  }

  async function read(query = BOTH): Promise<Frame[]> {
    const stream = await client.follow(`/containers/web/logs?${query}`);
    await stream.ended;
    return stream.frames();
  }

  async function texts(query: string): Promise<string[]> {
    return (await read(`${BOTH}&${query}`)).map(({ text }) => text.trimEnd());
  }

  function since(secondsLater: number, nanoseconds = 0): string {
    return `since=${1_700_000_000 + secondsLater}.${String(nanoseconds).padStart(9, '0')}`;
  }

  afterEach(() => engine.dispose());

  it('frames each line by its stream, with the time of the line when asked', async () => {
    await open();
    write('one\n', 1);
    write('two\nthree\n', 2, 'stderr');
    assert.deepEqual(await read(), [
      { type: 1, text: 'one\n' },
      { type: 2, text: 'two\n' },
      { type: 2, text: 'three\n' },
    ]);
    assert.deepEqual(await read('stderr=1&timestamps=1&tail=1'), [
      { type: 2, text: '2023-11-14T22:13:22.000000000Z three\n' },
    ]);
  });

  it('sends one HTTP chunk for each line, header and payload together', async () => {
    await open();
    write('one\ntwo\n', 1);
    const request = `GET /containers/web/logs?${BOTH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    const { bytes } = await client.exchange(request);
    const body = bytes.toString('latin1').split('\r\n\r\n').slice(1).join('\r\n\r\n');
    const header = '\x01\0\0\0\0\0\0\x04';
    assert.equal(body, `c\r\n${header}one\n\r\nc\r\n${header}two\n\r\n0\r\n\r\n`);
  });

  it('sends the bytes of a terminal as they are', async () => {
    await open('29', { tty: true });
    write('a\r\nb\r\n', 1, 'stderr');
    const plain = await client.get('/v1.52/containers/web/logs?stdout=1');
    assert.equal(plain.text, 'a\r\nb\r\n');
    assert.equal(plain.headers['content-type'], 'application/vnd.docker.raw-stream');
    const stamped = await client.get('/containers/web/logs?stdout=1&timestamps=1&tail=1');
    assert.equal(stamped.text, '2023-11-14T22:13:21.000000000Z b\r\n');
  });

  it('names the content type by engine and API version', async () => {
    const types: Record<string, string | undefined> = {};
    for (const [personality, prefix] of [
      ['20.10', ''],
      ['25', '/v1.41'],
      ['25', ''],
      ['29', ''],
    ] as const) {
      await open(personality);
      const answer = await client.get(`${prefix}/containers/web/logs?stdout=1`);
      types[personality + prefix] = answer.headers['content-type'];
      await engine.dispose();
    }
    await open();
    assert.deepEqual(types, {
      '20.10': undefined,
      '25/v1.41': 'application/vnd.docker.raw-stream',
      '25': 'application/vnd.docker.multiplexed-stream',
      '29': 'application/vnd.docker.multiplexed-stream',
    });
  });

  it('cuts the tail before since is applied, and before the streams are chosen', async () => {
    await open();
    for (let second = 1; second <= 5; second++)
      write(`line ${second}\n`, second, second === 4 ? 'stderr' : 'stdout');
    assert.deepEqual(await texts('tail=2'), ['line 4', 'line 5']);
    assert.deepEqual(await texts(`tail=2&${since(2)}`), ['line 4', 'line 5']);
    assert.deepEqual(await texts(`tail=4&${since(5)}`), ['line 5']);
    assert.deepEqual(
      (await read('stdout=1&tail=2')).map(({ text }) => text),
      ['line 5\n'],
    );
    assert.deepEqual(await texts('tail=0'), []);
    assert.equal((await texts('tail=all')).length, 5);
    assert.equal((await texts('tail=99')).length, 5);
  });

  it('takes since as inclusive to the nanosecond, and until too', async () => {
    await open();
    for (let second = 1; second <= 3; second++) write(`line ${second}\n`, second);
    assert.deepEqual(await texts(since(2)), ['line 2', 'line 3']);
    assert.deepEqual(await texts(since(2, 1)), ['line 3']);
    assert.deepEqual(await texts('until=1700000002.000000000'), ['line 1', 'line 2']);
    assert.deepEqual(await texts(`${since(2)}&until=1700000002`), ['line 2']);
  });

  it('filters every record by since on 20.10, and only until the first match on newer engines', async () => {
    const seen: Record<string, string[]> = {};
    for (const personality of ['20.10', '25', '29'] as const) {
      await open(personality);
      write('early\n', 1);
      write('match\n', 5);
      write('clock went back\n', 2);
      write('late\n', 6);
      seen[personality] = await texts(since(4));
      await engine.dispose();
    }
    await open();
    assert.deepEqual(seen, {
      '20.10': ['match', 'late'],
      '25': ['match', 'clock went back', 'late'],
      '29': ['match', 'clock went back', 'late'],
    });
  });

  it('stops at the first record after until, even when earlier times follow', async () => {
    await open();
    write('one\n', 1);
    write('beyond\n', 9);
    write('back\n', 2);
    assert.deepEqual(await texts('until=1700000005'), ['one']);
  });

  it('splits long lines at 16 KB, each part with the time of the first', async () => {
    await open();
    engine.writeLog(container, 'stdout', 'a'.repeat(20_000));
    engine.writeLog(container, 'stdout', `${'b'.repeat(20_000)}\nnext\n`);
    const frames = await read(`${BOTH}&timestamps=1`);
    const stamps = frames.map(({ text }) => text.slice(0, 30));
    const lengths = frames.map(({ text }) => text.length - 31);
    assert.deepEqual(lengths, [16_384, 16_384, 7233, 5]);
    assert.equal(new Set(stamps.slice(0, 3)).size, 1);
    assert.notEqual(stamps[3], stamps[0]);
  });

  it('keeps an unterminated line back until the container stops', async () => {
    await open();
    engine.writeLog(container, 'stdout', 'half');
    assert.deepEqual(await read(), []);
    engine.writeLog(container, 'stdout', ' whole\nrest');
    assert.deepEqual(await read(), [{ type: 1, text: 'half whole\n' }]);
    engine.stop(container);
    engine.start(container);
    engine.writeLog(container, 'stdout', 'second run\n');
    assert.deepEqual(
      (await read()).map(({ text }) => text),
      ['half whole\n', 'rest', 'second run\n'],
    );
  });

  it('follows: what is there, then what comes, then the end of the container', async () => {
    await open();
    engine.writeLog(container, 'stdout', 'before\n');
    const stream = await client.follow(`/containers/web/logs?${BOTH}&follow=1`);
    await stream.until(() => stream.frames().length === 1);
    engine.writeLog(container, 'stderr', 'after\n');
    await stream.until(() => stream.frames().length === 2);
    assert.equal(engine.openStreams('logs'), 1);
    engine.writeLog(container, 'stdout', 'last words');
    engine.stop(container);
    await stream.ended;
    assert.deepEqual(
      stream.frames().map(({ text }) => text),
      ['before\n', 'after\n', 'last words'],
    );
    assert.equal(stream.wasCut, false);
    await engine.whenOpenStreams('logs', 0);
  });

  it('ends a follower at a restart, and does not give it the lines of the next run', async () => {
    await open();
    const stream = await client.follow(`/containers/web/logs?${BOTH}&follow=1`);
    engine.writeLog(container, 'stdout', 'first run\n');
    engine.restart(container);
    engine.writeLog(container, 'stdout', 'second run\n');
    await stream.ended;
    assert.deepEqual(
      stream.frames().map(({ text }) => text),
      ['first run\n'],
    );
  });

  it('returns at once when asked to follow a stopped container', async () => {
    await open();
    engine.writeLog(container, 'stdout', 'over\n');
    engine.die(container, 1);
    assert.deepEqual(await texts('follow=1'), ['over']);
  });

  it('notices when a reader leaves', async () => {
    await open();
    const stream = await client.follow(`/containers/web/logs?${BOTH}&follow=1&tail=0`);
    await engine.whenOpenStreams('logs', 1);
    stream.close();
    await engine.whenOpenStreams('logs', 0);
    assert.equal(container.followers.size, 0);
  });

  it('loses rotated records without a notice', async () => {
    await open('29', { logLimits: { maxBytes: 10_000, maxFiles: 2 } });
    engine.writeLines(container, 1000);
    const lines = (await texts('')).map((text) => Number(text.slice(0, 10)));
    assert.equal(lines.at(-1), 999);
    assert.ok(lines.length > 50 && lines.length < 200, `${lines.length} lines are left`);
    assert.deepEqual(
      lines,
      Array.from(lines, (_, index) => 1000 - lines.length + index),
    );
    engine.clearLog(container);
    assert.deepEqual(await texts(''), []);
  });

  it('puts errors of the engine into frames of type 3', async () => {
    await open();
    const stream = await client.follow(`/containers/web/logs?${BOTH}&follow=1`);
    engine.writeLog(container, 'stdout', 'fine\n');
    engine.writeSystemError(container, 'disk on fire');
    await stream.until(() => stream.frames().length === 2);
    stream.close();
    await engine.whenOpenStreams('logs', 0);
    assert.deepEqual(stream.frames()[1], { type: 3, text: 'Error grabbing logs: disk on fire\n' });
    engine.stop(container);
    engine.writeSystemError(container, 'for the next reader');
    assert.deepEqual(
      (await read()).map(({ type }) => type),
      [1, 3],
    );
    assert.deepEqual(
      (await read()).map(({ type }) => type),
      [1],
    );
  });

  it('refuses what the engine refuses', async () => {
    await open('20.10', { logDriver: 'none' });
    const none = await client.get(`/containers/web/logs?${BOTH}`);
    assert.equal(none.status, 501);
    assert.deepEqual(JSON.parse(none.text), {
      message: 'configured logging driver does not support reading',
    });
    const noStream = await client.get('/containers/web/logs?follow=1');
    assert.deepEqual(
      [noStream.status, JSON.parse(noStream.text)],
      [400, { message: 'Bad parameters: you must choose at least one stream' }],
    );
    assert.equal((await client.get('/containers/nobody/logs?stdout=1')).status, 404);
  });

  it('streams a hundred thousand lines in order', async function () {
    this.timeout(20_000);
    await open();
    const stream = await client.follow(`/containers/web/logs?${BOTH}&follow=1`);
    engine.writeLines(container, 60_000);
    engine.writeLines(container, 40_000);
    engine.stop(container);
    await stream.ended;
    const numbers = stream.frames().map(({ text }) => Number(text.slice(0, 10)));
    const expected = Array.from({ length: 100_000 }, (_, index) => (index < 60_000 ? index : index - 60_000));
    assert.deepEqual(numbers, expected);
  });

  describe('of Podman', () => {
    it('have local offsets, and each part of a split line its own time', async () => {
      await open('podman');
      engine.writeLog(container, 'stdout', `${'a'.repeat(20_000)}\n`, { timestampNs: START_NS });
      const stamps = (await read(`${BOTH}&timestamps=1`)).map(({ text }) => text.split(' ')[0]);
      assert.deepEqual(stamps, [
        '2023-11-15T00:13:20.000000000+02:00',
        '2023-11-15T00:13:20.000000001+02:00',
      ]);
    });

    it('leave out the record at since itself, and read since only to some hundred nanoseconds', async () => {
      await open('podman');
      for (const second of [1, 2, 3]) write(`line ${second}\n`, second);
      assert.deepEqual(await texts(since(2)), ['line 3']);
      engine.writeLog(container, 'stdout', 'odd\n', {
        timestampNs: START_NS + 4n * SECOND_NS + 123_456_789n,
      });
      assert.deepEqual(await texts(since(4, 123_456_790)), ['odd']);
    });
  });
});
