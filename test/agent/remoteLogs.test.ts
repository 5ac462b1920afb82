import assert from 'node:assert/strict';
import { deflateRawSync } from 'node:zlib';
import type { LogMarker, LogRequest } from '../../src/model/log';
import { encodeFrame, encodeJsonBody } from '../../src/protocol/dataFrames';
import type { Envelope } from '../../src/protocol/envelope';
import { encodeLogBody, type LogItem } from '../../src/protocol/logFrames';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { LogCollector } from '../support/logCollector';
import { ID, lineOf, numbered, placeAt, RemoteFixture } from '../support/remoteFixture';
import { HEADER_BYTES, type ScriptedConnection } from '../support/scriptedAgent';

const FOLLOW: LogRequest = { tail: 100, follow: true };
const INITIAL_CREDIT = 2_097_152;
const RECONNECTED: LogMarker = { kind: 'reconnected' };

const texts = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

function costOf(...items: LogItem[]): number {
  return HEADER_BYTES + encodeLogBody(items).length;
}

describe('logs and shells behind an agent', function () {
  this.timeout(20_000);
  checkForLeaks();
  describe('a log', () => logs());
  describe('a shell', () => shells());
});

function logs(): void {
  let fixture: RemoteFixture;
  let connection: ScriptedConnection;
  beforeEach(async () => {
    fixture = await RemoteFixture.start();
    connection = await fixture.connected();
  });
  afterEach(() => fixture.dispose());

  function follow(request: LogRequest = FOLLOW): LogCollector {
    const log = new LogCollector();
    fixture.store.add(fixture.engine.followLog(ID, request, log));
    return log;
  }

  async function opened(on = connection): Promise<Envelope> {
    const command = await on.command('start_log_stream');
    on.answer(command, 'done');
    return command;
  }

  async function has(log: LogCollector, to: number): Promise<void> {
    await eventually(
      () => `lines up to ${to}, but ${log.texts.join()}`,
      () => log.texts.length >= to,
      5_000,
    );
    assert.deepEqual(log.texts, texts(1, to));
  }

  /** A cut, and the agent still has the session. */
  async function resumed(
    streams: readonly { readonly stream: number; readonly sequence: number }[],
  ): Promise<[ScriptedConnection, unknown]> {
    connection.cut();
    const next = await fixture.reconnecting();
    const resume = await next.open({ resumed: true, streams });
    return [next, resume];
  }

  it('is asked for as it was wished, and acknowledged once it was taken', async () => {
    const log = follow({ ...FOLLOW, since: '2026-11-21T09:00:00Z', tail: 7 });
    const { data } = await opened();
    assert.deepEqual(data, {
      stream: 1,
      container_id: ID,
      tail: 7,
      since: '2026-11-21T09:00:00Z',
      follow: true,
      credit: INITIAL_CREDIT,
    });
    connection.log(1, 1, [numbered(1, 3)]);
    connection.log(1, 2, [{ kind: 'marker', marker: { kind: 'started' } }, numbered(4, 5)]);
    await has(log, 5);
    assert.deepEqual(log.markers, [{ kind: 'started' }]);
    fixture.clock.advance(50);
    const ack = await connection.command('ack');
    const cost =
      costOf(numbered(1, 3)) + costOf({ kind: 'marker', marker: { kind: 'started' } }, numbered(4, 5));
    assert.deepEqual(ack.data, { streams: [{ stream: 1, sequence: 2, credit: INITIAL_CREDIT + cost }] });
  });

  it('comes compressed, if that is worth it', async () => {
    await fixture.dispose();
    fixture = await RemoteFixture.start({}, { compressesLogs: true });
    connection = await fixture.connected();
    const log = follow();
    assert.equal((await opened()).data['compression'], 'deflate-raw');
    const body = encodeLogBody([numbered(1, 50)]);
    const header = {
      type: 'log_update',
      stream: 1,
      sequence: 1,
      bodyLength: body.length,
      isCompressed: true,
    } as const;
    connection.raw(encodeFrame(header, deflateRawSync(body)));
    await has(log, 50);
    connection.raw(encodeFrame({ ...header, sequence: 2 }, Buffer.from('nonsense')));
    await eventually('it is closed', () => connection.closeCode === 4400);
  });

  it('is not acknowledged while its reader is busy, and ends with its error', async () => {
    let take: ((value?: unknown) => void) | undefined;
    let refuse: ((error: Error) => void) | undefined;
    const taken: string[] = [];
    let ended: Error | undefined;
    const sink = {
      lines: ({ lines }: { readonly lines: readonly { readonly text: string }[] }): Promise<void> => {
        taken.push(...lines.map(({ text }) => text));
        return new Promise((resolve, reject) => {
          take = () => resolve();
          refuse = reject;
        });
      },
      marker: () => undefined,
      ended: (error?: Error) => (ended = error),
    };
    fixture.store.add(fixture.engine.followLog(ID, FOLLOW, sink));
    await opened();
    connection.log(1, 1, [numbered(1, 1)]);
    connection.log(1, 2, [numbered(2, 2)]);
    await eventually('the first', () => taken.length === 1);
    await fixture.pass(connection, 1_000);
    assert.equal(connection.count('ack'), 0);
    take?.();
    await eventually('the second', () => taken.length === 2);
    fixture.clock.advance(50);
    assert.equal((await connection.command('ack')).data['streams'] !== undefined, true);
    refuse?.(new Error('no space left'));
    await eventually('the end', () => ended !== undefined);
    assert.equal(ended?.message, 'no space left');
    await connection.command('stop_log_stream');
  });

  it('is stopped when nobody wants it any more', async () => {
    const log = new LogCollector();
    const following = fixture.engine.followLog(ID, FOLLOW, log);
    await opened();
    connection.log(1, 1, [numbered(1, 1)]);
    await has(log, 1);
    following.dispose();
    const stop = await connection.command('stop_log_stream');
    assert.deepEqual(stop.data, { stream: 1 });
    connection.log(1, 2, [numbered(2, 2)]);
    await fixture.pass(connection, 1);
    assert.deepEqual(log.texts, ['1']);
    assert.equal(log.hasEnded, false);
  });

  it('ends as the agent says, with the error or without', async () => {
    const good = follow({ tail: 'all', follow: false });
    const bad = follow();
    await opened();
    await opened();
    connection.log(1, 1, [numbered(1, 2)]);
    connection.frame('log_stream_stopped', 1, 2, encodeJsonBody({ container_id: ID, message: 'read' }));
    const error = { code: 'notSupported', message: 'no log' };
    connection.frame('log_stream_stopped', 2, 1, encodeJsonBody({ container_id: ID, message: '', error }));
    await eventually('both end', () => good.hasEnded && bad.hasEnded);
    assert.deepEqual([good.texts, good.error], [['1', '2'], undefined]);
    assert.equal((bad.error as { code?: string } | undefined)?.code, 'notSupported');
  });

  it('that is refused ends with why, unless the agent was only too busy', async () => {
    const busy = follow();
    const refused = follow();
    const first = await connection.command('start_log_stream');
    const second = await connection.command('start_log_stream');
    connection.answer(first, 'failed', {}, { code: 'rateLimited', message: 'wait', retryAfterMs: 200 });
    connection.answer(second, 'failed', {}, { code: 'noSuchContainer', message: 'no' });
    await eventually('the end', () => refused.hasEnded);
    fixture.clock.advance(200);
    const again = await opened();
    assert.equal(again.data['stream'], 3);
    connection.log(3, 1, [numbered(1, 1)]);
    await has(busy, 1);
  });

  for (const [what, sequences] of [
    ['doubled', [1, 1]],
    ['left out', [1, 3]],
  ] as const) {
    it(`is not believed when a frame is ${what}`, async () => {
      const log = follow();
      await opened();
      for (const sequence of sequences) connection.log(1, sequence, [numbered(1, 1)]);
      await eventually('it is closed', () => connection.closeCode === 4460);
      assert.deepEqual(log.texts, ['1']);
    });
  }

  it('goes on after the last frame when the session is there', async () => {
    const log = follow();
    await opened();
    connection.log(1, 1, [numbered(1, 4)]);
    await has(log, 4);
    const [next, resume] = await resumed([{ stream: 1, sequence: 0 }]);
    assert.deepEqual(resume, {
      session: 's-1',
      epoch: 'e-1',
      containers: 0,
      streams: [{ stream: 1, sequence: 1, credit: INITIAL_CREDIT }],
    });
    next.log(1, 2, [numbered(5, 6)]);
    await has(log, 6);
    assert.equal(next.count('start_log_stream'), 0);
    assert.deepEqual(log.markers, [RECONNECTED]);
  });

  it('tells that the agent is away once it has been for two seconds', async () => {
    const log = follow();
    await opened();
    connection.log(1, 1, [numbered(1, 1)]);
    await has(log, 1);
    connection.cut();
    await fixture.becomes('waiting');
    fixture.clock.advance(400);
    assert.deepEqual(log.markers, []);
    fixture.clock.advance(1_600);
    assert.deepEqual(log.markerKinds, ['connectionLost']);
  });

  it('is opened again at its last place when the session is gone', async () => {
    const log = follow({ ...FOLLOW, tail: 5 });
    await opened();
    connection.log(1, 1, [numbered(1, 2)]);
    connection.log(1, 2, [numbered(3, 4)]);
    await has(log, 4);
    connection.cut();
    const next = await fixture.reconnecting();
    await next.open({ session: 's-2' });
    const { data } = await opened(next);
    assert.equal(data['stream'], 2);
    assert.deepEqual(data['resumeAt'], placeAt(4));
    next.log(2, 1, [numbered(5, 7)]);
    await has(log, 7);
    assert.deepEqual(log.markers, [RECONNECTED]);
  });

  it('gives what its reader had not taken only once when the session is gone', async () => {
    const taken: string[] = [];
    let release: (() => void) | undefined;
    let isFirst = true;
    const sink = {
      lines: ({
        lines,
      }: {
        readonly lines: readonly { readonly text: string }[];
      }): Promise<void> | undefined => {
        taken.push(...lines.map(({ text }) => text));
        if (!isFirst) return undefined;
        isFirst = false;
        return new Promise<void>((resolve) => (release = resolve));
      },
      marker: () => undefined,
      ended: () => undefined,
    };
    fixture.store.add(fixture.engine.followLog(ID, FOLLOW, sink as never));
    await opened();
    connection.log(1, 1, [numbered(1, 2), numbered(3, 3)]);
    connection.log(1, 2, [numbered(4, 5)]);
    await eventually('the first', () => taken.length === 2);
    await fixture.pass(connection, 1);
    connection.cut();
    const next = await fixture.reconnecting();
    await next.open({ session: 's-2' });
    assert.deepEqual((await opened(next)).data['resumeAt'], placeAt(2));
    next.log(2, 1, [numbered(3, 6)]);
    release?.();
    await eventually('all', () => taken.length === 6);
    assert.deepEqual(taken, texts(1, 6));
  });

  it('leaves out a line that it gave before its time', async () => {
    const log = follow();
    await opened();
    const ahead = { lines: [lineOf(3)], textLength: 0, place: placeAt(2) };
    connection.log(1, 1, [numbered(1, 2)]);
    connection.log(1, 2, [{ kind: 'lines', batch: ahead }]);
    await has(log, 3);
    connection.cut();
    const next = await fixture.reconnecting();
    await next.open({ session: 's-2' });
    assert.deepEqual((await opened(next)).data['resumeAt'], placeAt(2));
    next.log(2, 1, [numbered(3, 4)]);
    await has(log, 4);
  });

  it('whose start was never answered is begun once', async () => {
    const log = follow();
    await connection.command('start_log_stream');
    const [next, resume] = await resumed([]);
    assert.deepEqual((resume as { streams: unknown }).streams, [
      { stream: 1, sequence: 0, credit: INITIAL_CREDIT },
    ]);
    assert.equal((await opened(next)).data['stream'], 2);
    next.log(2, 1, [numbered(1, 1)]);
    await has(log, 1);
  });

  it('asked for while nobody is connected begins when somebody is', async () => {
    connection.cut();
    await fixture.becomes('waiting');
    const log = follow();
    const next = await fixture.reconnecting();
    await next.open();
    assert.equal((await opened(next)).data['resumeAt'], undefined);
    next.log(1, 1, [numbered(1, 1)]);
    await has(log, 1);
    assert.deepEqual(log.markers, []);
  });

  it('that was read to its end needs no connection any more', async () => {
    const log = follow({ tail: 'all', follow: false });
    await opened();
    connection.log(1, 1, [numbered(1, 2)]);
    connection.frame('log_stream_stopped', 1, 2, encodeJsonBody({ container_id: ID, message: '' }));
    await eventually('the end', () => log.hasEnded);
    const [next, resume] = await resumed([]);
    assert.deepEqual((resume as { streams: unknown }).streams, []);
    await fixture.becomes('ready');
    assert.equal(next.count('start_log_stream'), 0);
  });
}

function shells(): void {
  let fixture: RemoteFixture;
  let connection: ScriptedConnection;
  beforeEach(async () => {
    fixture = await RemoteFixture.start();
    connection = await fixture.connected();
  });
  afterEach(() => fixture.dispose());

  async function started(
    credit: number,
  ): Promise<{ output: string; exits: object[]; write(text: string): void }> {
    const starting = fixture.engine.exec(ID, ['sh'], { columns: 80, rows: 24 });
    const command = await connection.command('start_exec');
    assert.equal(connection.isSigned(command), true);
    connection.answer(command, 'done', { credit });
    // What comes at once must not be missed.
    connection.frame('exec_output', 1, 1, Buffer.from('$ '));
    const session = fixture.store.add(await starting);
    const seen = {
      output: '',
      exits: [] as object[],
      write: (text: string) => session.write(Buffer.from(text)),
    };
    fixture.store.add(session.onData((data) => (seen.output += Buffer.from(data).toString())));
    fixture.store.add(session.onExit((exit) => seen.exits.push(exit)));
    await eventually('the prompt', () => seen.output === '$ ');
    return seen;
  }

  const typed = (of: ScriptedConnection): string[] =>
    of.frames.map((frame) => frame.subarray(HEADER_BYTES).toString());

  it('types as far as its credit goes', async () => {
    const shell = await started(1);
    shell.write('one');
    shell.write('two');
    await eventually('the first', () => connection.frames.length === 1);
    await fixture.pass(connection, 1);
    assert.deepEqual(typed(connection), ['one']);
    connection.send({
      type: 'ack',
      channel: 'system',
      action: 'ack',
      data: { streams: [{ stream: 1, sequence: 1, credit: 100 }] },
    });
    await eventually('the second', () => connection.frames.length === 2);
    assert.deepEqual(typed(connection), ['one', 'two']);
  });

  it('goes on in its session: what the agent did not get is typed again', async () => {
    const shell = await started(1_000);
    shell.write('one');
    shell.write('two');
    await eventually('both', () => connection.frames.length === 2);
    connection.cut();
    const next = await fixture.reconnecting();
    shell.write('three');
    await next.open({ resumed: true, streams: [{ stream: 1, sequence: 1 }] });
    await eventually('the rest', () => next.frames.length === 2);
    assert.deepEqual(typed(next), ['two', 'three']);
    next.frame('exec_output', 1, 2, Buffer.from('back'));
    next.frame('exec_exited', 1, 3, encodeJsonBody({ exitCode: 5 }));
    await eventually('the end', () => shell.exits.length === 1);
    assert.equal(shell.output, '$ back');
    assert.deepEqual(shell.exits, [{ exitCode: 5 }]);
  });

  it('ends without an exit code when its session is gone', async () => {
    const shell = await started(1_000);
    connection.cut();
    const next = await fixture.reconnecting();
    await next.open({ session: 's-2' });
    await eventually('the end', () => shell.exits.length === 1);
    assert.deepEqual(shell.exits, [{}]);
  });

  it('that is refused says why', async () => {
    const starting = fixture.engine.exec(ID, ['sh'], { columns: 80, rows: 24 });
    const command = await connection.command('start_exec');
    connection.answer(command, 'failed', {}, { code: 'forbidden', message: 'no' });
    await assert.rejects(starting, { code: 'forbidden' });
  });
}
