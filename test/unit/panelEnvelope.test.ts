import assert from 'node:assert/strict';
import * as v from 'valibot';
import { readForHost, readForPage, type PanelProtocol } from '../../src/protocol/webview/envelope';

const protocol: PanelProtocol<
  'title',
  { readonly count: number },
  { readonly add: number },
  { readonly press: string }
> = {
  textKeys: ['title'],
  snapshot: v.object({ count: v.number() }),
  delta: v.object({ add: v.number() }),
  action: v.object({ press: v.string() }),
};

const snapshot = {
  kind: 'snapshot',
  session: 1,
  language: 'de',
  texts: { title: 'Titel' },
  snapshot: { count: 3 },
};

describe('messages between a page and the extension', () => {
  it('are read where they are of the protocol', () => {
    assert.deepEqual(readForPage(protocol, snapshot), snapshot);
    const delta = { kind: 'delta', session: 1, sequence: 1, delta: { add: 2 } };
    assert.deepEqual(readForPage(protocol, delta), delta);
    assert.deepEqual(readForHost(protocol, { kind: 'ready' }), { kind: 'ready' });
    const action = { kind: 'action', session: 1, action: { press: 'go' } };
    assert.deepEqual(readForHost(protocol, action), action);
  });

  it('are refused whole where a part of them is not', () => {
    const bad: readonly unknown[] = [
      undefined,
      'ready',
      { ...snapshot, session: -1 },
      { ...snapshot, texts: {} },
      { ...snapshot, snapshot: { count: 'three' } },
      { kind: 'delta', session: 1, sequence: 0, delta: { add: 2 } },
      { kind: 'delta', session: 1, sequence: 1, delta: {} },
      { kind: 'surprise' },
    ];
    for (const message of bad)
      assert.equal(readForPage(protocol, message), undefined, JSON.stringify(message));
    const badActions: readonly unknown[] = [
      { kind: 'action', session: 1, action: { press: 1 } },
      { kind: 'action', action: { press: 'go' } },
      { kind: 'failed', message: 'x'.repeat(10_000) },
      null,
    ];
    for (const message of badActions)
      assert.equal(readForHost(protocol, message), undefined, JSON.stringify(message));
  });

  it('may have fields that this version does not know', () => {
    assert.notEqual(readForPage(protocol, { ...snapshot, extra: 1 }), undefined);
    assert.deepEqual(readForHost(protocol, { kind: 'ready', extra: 1 }), { kind: 'ready' });
  });
});
