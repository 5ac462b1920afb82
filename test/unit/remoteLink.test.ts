import assert from 'node:assert/strict';
import { deferred, type Deferred } from '../../src/base/async';
import { EngineError } from '../../src/engine/engine';
import type { AgentConnectionOptions } from '../../src/engine/remote/agentConnection';
import { RemoteLink } from '../../src/engine/remote/remoteLink';
import { FakeClock } from '../doubles/fakeClock';

describe('RemoteLink', () => {
  let attempts: Deferred<AgentConnectionOptions>[];
  let shown: string[];
  let link: RemoteLink;

  beforeEach(() => {
    attempts = [];
    shown = [];
    const ignore = (): void => undefined;
    const prepare = (): Promise<AgentConnectionOptions> => {
      const attempt = deferred<AgentConnectionOptions>();
      attempts.push(attempt);
      return attempt.promise;
    };
    link = new RemoteLink(
      { prepare, clock: new FakeClock(), random: () => 0 },
      {
        message: ignore,
        frame: ignore,
        connected: ignore,
        disconnected: ignore,
        changed: () => shown.push(link.state.kind),
      },
    );
  });
  afterEach(() => link.close());

  const refuse = async (): Promise<void> => {
    attempts.at(-1)?.reject(new EngineError('tokenRefused', 'The token is refused.'));
    await new Promise(setImmediate);
  };

  it('waits for ever after what only a person can help', async () => {
    link.connect();
    await refuse();
    assert.deepEqual([attempts.length, link.isStuck], [1, true]);
    link.retryNow();
    await refuse();
    assert.deepEqual([attempts.length, link.isStuck], [2, true]);
  });

  it('tries once more at once when it was asked to during an attempt that fails', async () => {
    link.connect();
    link.retryNow();
    link.retryNow();
    assert.equal(attempts.length, 1);
    await refuse();
    assert.deepEqual([attempts.length, link.state.kind], [2, 'connecting']);
    await refuse();
    assert.deepEqual([attempts.length, link.isStuck], [2, true]);
    assert.deepEqual(shown, ['connecting', 'connecting', 'waiting']);
  });

  it('stays closed', async () => {
    link.connect();
    link.retryNow();
    link.close();
    await refuse();
    assert.deepEqual([attempts.length, link.state.kind], [1, 'closed']);
  });
});
