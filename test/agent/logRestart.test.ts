import assert from 'node:assert/strict';
import type { ContainerEngine } from '../../src/engine/engine';
import { RemoteEngine } from '../../src/engine/remote/remoteEngine';
import type { LogBatch, LogPlace, LogRequest } from '../../src/model/log';
import { parsePairingLink } from '../../src/protocol/pairingLink';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { LogCollector } from '../support/logCollector';
import { AgentFixture } from './agentFixture';

class PlacedCollector extends LogCollector {
  readonly places: LogPlace[] = [];

  override lines(batch: LogBatch): void {
    if (batch.place) this.places.push(batch.place);
    void super.lines(batch);
  }
}

describe('logs across a restart of the agent', function () {
  this.timeout(30_000);
  checkForLeaks();
  describe('a restart', () => restarts());
});

function restarts(): void {
  let fixture: AgentFixture;
  let engine: ContainerEngine;

  beforeEach(async () => {
    fixture = await AgentFixture.make();
    fixture.engine.run({ name: 'web' });
    engine = open();
    await ready();
  });
  afterEach(async () => {
    engine.dispose();
    await fixture.dispose();
  });

  function open(): ContainerEngine {
    const remote = new RemoteEngine({
      access: () => Promise.resolve(parsePairingLink(fixture.agent.link)),
      log: () => undefined,
      clientVersion: 'test',
    });
    remote.connect();
    return remote;
  }

  function ready(): Promise<void> {
    return eventually('connected', () => engine.connection.kind === 'ready');
  }

  function follow(request: Partial<LogRequest>, of = engine): PlacedCollector {
    const log = new PlacedCollector();
    of.followLog(fixture.engine.container('web').id, { tail: 100, follow: true, ...request }, log);
    return log;
  }

  async function restart(meanwhile: () => void): Promise<void> {
    await fixture.agent.stop();
    await eventually('away', () => engine.connection.kind === 'waiting');
    meanwhile();
    await fixture.agent.start();
    engine.retryNow();
    await ready();
  }

  const write = (from: number, to: number): void => {
    for (let number = from; number <= to; number++)
      fixture.engine.writeLog('web', 'stdout', `line ${number}\n`);
  };
  const expected = (from: number, to: number): readonly string[] =>
    Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`);

  async function has(log: LogCollector, texts: readonly string[]): Promise<void> {
    await eventually(
      () => `${texts.length} lines, but ${log.texts.length}`,
      () => log.texts.length >= texts.length,
    );
    assert.deepEqual(log.texts, texts);
  }

  it('that came before the first line of a log that was empty', async () => {
    const log = follow({ tail: 3 });
    await eventually('the place', () => log.places.length === 1);
    await restart(() => write(1, 10));
    await has(log, expected(1, 10));
    write(11, 11);
    await has(log, expected(1, 11));
  });

  it('that came before the first line of a log read from now on', async () => {
    write(1, 5);
    const log = follow({ tail: 0 });
    await eventually('the place', () => log.places.length === 1);
    await restart(() => write(6, 10));
    await has(log, expected(6, 10));
  });

  it('twice before the first line', async () => {
    const log = follow({ tail: 2 });
    await eventually('the place', () => log.places.length === 1);
    await restart(() => undefined);
    await restart(() => write(1, 7));
    await has(log, expected(1, 7));
  });

  it('that others read as well, before the first line for one of them', async () => {
    write(1, 5);
    const first = follow({ tail: 'all' });
    await has(first, expected(1, 5));
    const late = follow({ tail: 0 });
    await eventually('the place', () => late.places.length === 1);
    await restart(() => write(6, 10));
    await has(late, expected(6, 10));
    await has(first, expected(1, 10));
  });

  it('tells once that it goes on', async () => {
    write(1, 1);
    const log = follow({});
    await has(log, expected(1, 1));
    for (let round = 1; round <= 3; round++) {
      await restart(() => undefined);
      write(round + 1, round + 1);
      await has(log, expected(1, round + 1));
    }
    const kinds = log.markerKinds.filter((kind) => kind !== 'connectionLost');
    assert.deepEqual(kinds, ['reconnected', 'reconnected', 'reconnected']);
  });
}
