import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { systemClock } from '../../src/base/clock';
import { LastUsed, readLastUsed } from '../../src/agent/security/lastUsed';
import { isExpired, keyOf, rightsOf } from '../../src/agent/security/token';
import {
  isSigned,
  isTokenId,
  makeToken,
  sign,
  tokenKey,
  watchKey,
} from '../../src/agent/security/tokenSecret';
import { TokenStore } from '../../src/agent/security/tokenStore';
import { TokenWatch, type Revocation } from '../../src/agent/security/tokenWatch';
import { StateError } from '../../src/agent/state/stateError';
import { formatToken, parseToken } from '../../src/protocol/pairingLink';
import { clientProofBytes, watchKeyBytes } from '../../src/protocol/signing';
import { FakeClock } from '../doubles/fakeClock';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { temporaryFolder } from '../support/temporaryFolder';
import { modeOf, stateErrorSaying } from '../support/stateChecks';

const NOW = new Date('2026-01-01T00:00:00Z');

describe('agent: secrets of tokens', () => {
  it('are 256 random bits under a name that is no secret', () => {
    const token = makeToken();
    assert.ok(isTokenId(token.id));
    assert.equal(Buffer.from(token.secret, 'base64url').length, 32);
    assert.deepEqual(parseToken(formatToken(token)), token);
    assert.notEqual(makeToken().secret, token.secret);
    assert.notEqual(makeToken().id, token.id);
  });

  it('prove themselves, and nothing else does', () => {
    const token = makeToken();
    const transcript = { nonce: 'n', clientNonce: 'c', tokenId: token.id, serverKey: '' };
    const proof = sign(tokenKey(token), clientProofBytes(transcript));
    assert.equal(isSigned(tokenKey(token), clientProofBytes(transcript), proof), true);
    assert.equal(isSigned(tokenKey(token), clientProofBytes({ ...transcript, nonce: 'm' }), proof), false);
    assert.equal(isSigned(tokenKey(makeToken()), clientProofBytes(transcript), proof), false);
    assert.equal(isSigned(tokenKey(token), clientProofBytes(transcript), proof.slice(0, 31)), false);
    assert.equal(isSigned(tokenKey(token), clientProofBytes(transcript), new Uint8Array()), false);
  });

  it('make a watch key that does not give them away', () => {
    const token = makeToken();
    const [id, key = ''] = watchKey(token).split('.');
    assert.equal(id, token.id);
    assert.equal(isSigned(tokenKey(token), watchKeyBytes(token.id), Buffer.from(key, 'base64url')), true);
    assert.notEqual(key, token.secret);
  });

  it('have ids that can not leave their folder', () => {
    for (const id of [
      '',
      '..',
      'qwt_../../etc/pas',
      'qwt_aaaaaaaaaaa/',
      'qwt_aaaaaaaaaaaaa',
      'QWT_aaaaaaaaaaaa',
    ]) {
      assert.equal(isTokenId(id), false, id);
    }
  });
});

describe('agent: token store', () => {
  const folder = temporaryFolder();
  let store: TokenStore;
  beforeEach(() => (store = new TokenStore(folder.path)));

  it('finds what was added', async () => {
    const scope = { projects: ['shop'], labels: [{ name: 'a' }] };
    const { stored, token } = await store.add(
      { name: 'laptop', role: 'operator', scope, expiresAt: NOW },
      NOW,
    );
    assert.deepEqual(await store.find(token.id), stored);
    assert.deepEqual(keyOf(stored), tokenKey(token));
    assert.deepEqual(rightsOf(stored), { role: 'operator', scope });
    assert.equal(modeOf(store.path(token.id)), '600');
    assert.equal(isExpired(stored, NOW.getTime()), true);
    assert.equal(isExpired(stored, NOW.getTime() - 1), false);
  });

  it('finds nothing else', async () => {
    for (const id of [makeToken().id, '../agent', '', 'x']) assert.equal(await store.find(id), undefined, id);
  });

  it('lists oldest first, and what it can not read beside it', async () => {
    const later = await store.add({ name: 'b', role: 'viewer' }, new Date(NOW.getTime() + 1));
    const earlier = await store.add({ name: 'a', role: 'viewer' }, NOW);
    const broken = await store.add({ name: 'c', role: 'viewer' }, NOW);
    writeFileSync(store.path(broken.token.id), '{');
    const { tokens, unreadable } = await store.list();
    assert.deepEqual(tokens, [earlier.stored, later.stored]);
    assert.equal(unreadable.length, 1);
    assert.match(unreadable[0]?.message ?? '', /not valid JSON\. Remove the file to revoke/);
  });

  it('revokes, also what can not be read', async () => {
    const { token } = await store.add({ name: 'a', role: 'viewer' }, NOW);
    writeFileSync(store.path(token.id), '{');
    assert.equal(await store.revoke(token.id), true);
    assert.equal(await store.revoke(token.id), false);
    assert.equal(await store.revoke('../x'), false);
    assert.deepEqual(readdirSync(folder.path), []);
  });

  it('lets nobody in with a file that says more or less than it should', async () => {
    const { stored, token } = await store.add({ name: 'a', role: 'viewer' }, NOW);
    for (const change of [
      { role: 'root' },
      { key: 'short' },
      { onlyHost: 'a' },
      { scope: {} },
      { expiresAt: 'soon' },
    ]) {
      writeFileSync(store.path(token.id), JSON.stringify({ ...stored, ...change }));
      await assert.rejects(store.find(token.id), StateError, JSON.stringify(change));
    }
  });

  it('lets nobody in with the file of another token', async () => {
    const { token } = await store.add({ name: 'a', role: 'admin' }, NOW);
    const other = makeToken();
    renameSync(store.path(token.id), store.path(other.id));
    await assert.rejects(store.find(other.id), stateErrorSaying(/it holds another token/));
  });

  it('loses nothing when many are added at once', async () => {
    const added = await Promise.all(
      Array.from({ length: 20 }, (_value, index) => store.add({ name: `${index}`, role: 'viewer' }, NOW)),
    );
    assert.equal((await store.list()).tokens.length, added.length);
  });
});

describe('agent: token watch', () => {
  const folder = temporaryFolder();

  describe('while clients are signed in', () => {
    let store: TokenStore;
    let watch: TokenWatch;
    let clock: FakeClock;
    let told: Revocation[];

    function watchWith(...args: ConstructorParameters<typeof TokenWatch>): void {
      watch = new TokenWatch(...args);
      watch.onDidRevoke((revocation) => told.push(revocation));
    }

    /** A watch to which the file system tells nothing. */
    function watchByClockAlone(): void {
      watchWith(store, clock, () => ({ dispose: () => undefined }));
    }

    beforeEach(() => {
      store = new TokenStore(folder.path);
      clock = new FakeClock(NOW.getTime());
      told = [];
    });

    afterEach(() => watch.dispose());

    it('tells of a revocation by itself', async () => {
      watchWith(store, systemClock);
      const { stored } = await store.add({ name: 'a', role: 'viewer' }, NOW);
      watch.hold(stored);
      await store.revoke(stored.id);
      await eventually('the revocation is told', () => told.length > 0, 5_000);
      assert.deepEqual(told, [{ id: stored.id, reason: 'revoked' }]);
    });

    it('does where the file system tells nothing', async () => {
      watchByClockAlone();
      const { stored } = await store.add({ name: 'a', role: 'viewer' }, NOW);
      watch.hold(stored);
      await store.revoke(stored.id);
      clock.advance(500);
      await eventually('the revocation is told', () => told.length > 0, 5_000);
      assert.deepEqual(told, [{ id: stored.id, reason: 'revoked' }]);
      assert.equal(clock.pendingTimers, 0, 'nothing is watched any more');
    });

    it('tells of the end of validity', async () => {
      watchByClockAlone();
      const expiresAt = new Date(NOW.getTime() + 60_000);
      const { stored } = await store.add({ name: 'a', role: 'viewer', expiresAt }, NOW);
      watch.hold(stored);
      clock.advance(60_000);
      await eventually('the end is told', () => told.length > 0, 5_000);
      assert.deepEqual(told, [{ id: stored.id, reason: 'expired' }]);
    });

    it('tells of a file that was replaced', async () => {
      watchByClockAlone();
      const { stored } = await store.add({ name: 'a', role: 'admin' }, NOW);
      const { stored: other } = await store.add({ name: 'b', role: 'viewer' }, NOW);
      watch.hold(stored);
      watch.hold(other);
      // The first look has seen both files when it has seen that this third one is missing.
      const { stored: third } = await store.add({ name: 'c', role: 'viewer' }, NOW);
      await store.revoke(third.id);
      watch.hold(third);
      await eventually('the first look is over', () => told.length > 0, 5_000);
      writeFileSync(store.path(stored.id), JSON.stringify({ ...stored, role: 'viewer' }, undefined, 1));
      clock.advance(500);
      await eventually('the change is told', () => told.length > 1, 5_000);
      assert.deepEqual(told[1], { id: stored.id, reason: 'changed' });
    });

    it('looks at nothing when all have left', async () => {
      watchByClockAlone();
      const { stored } = await store.add({ name: 'a', role: 'viewer' }, NOW);
      const [first, second] = [watch.hold(stored), watch.hold(stored)];
      first.dispose();
      first.dispose();
      assert.equal(clock.pendingTimers, 1);
      second.dispose();
      assert.equal(clock.pendingTimers, 0);
    });
  });

  describe('leaves nothing behind', () => {
    checkForLeaks();

    it('once it is disposed', async () => {
      const store = new TokenStore(folder.path);
      const { stored } = await store.add({ name: 'a', role: 'viewer' }, NOW);
      const watch = new TokenWatch(store, systemClock);
      const held = watch.hold(stored);
      watch.dispose();
      held.dispose();
      assert.deepEqual(readdirSync(folder.path), [`${stored.id}.json`]);
    });
  });
});

describe('agent: when tokens were used', () => {
  const folder = temporaryFolder();
  const failures: unknown[] = [];
  const fail = (error: unknown): void => void failures.push(error);

  it('is written down once in a while and at the end', async () => {
    const clock = new FakeClock(NOW.getTime());
    const path = folder.file('used.json');
    const used = await LastUsed.open(path, clock, fail);
    used.touch('a');
    assert.equal((await readLastUsed(path)).size, 0);
    await used.save();
    assert.deepEqual([...(await readLastUsed(path))], [['a', NOW.toISOString()]]);
    assert.equal(modeOf(path), '600');
    const again = await LastUsed.open(path, clock, fail);
    again.keepOnly(new Set());
    again.touch('b');
    await again.save();
    assert.deepEqual([...(await readLastUsed(path)).keys()], ['b']);
    assert.deepEqual(failures, []);
  });

  it('is begun anew where the file is spoilt, and told', async () => {
    const path = folder.file('used.json');
    writeFileSync(path, '{', { mode: 0o600 });
    const used = await LastUsed.open(path, new FakeClock(), fail);
    assert.equal(failures.splice(0).length, 1);
    await used.save();
    assert.equal(
      readFileSync(path, 'utf8'),
      '{',
      'nothing is overwritten before there is something to write',
    );
  });
});
