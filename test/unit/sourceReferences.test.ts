import assert from 'node:assert/strict';
import { findSourceReferences, pathEndings } from '../../src/model/sourceReferences';

function found(line: string): string[] {
  return findSourceReferences(line).map(({ path, line: row, column, start, end }) => {
    const place = column === undefined ? `${row}` : `${row}:${column}`;
    return `${path} ${place} «${line.slice(start, end)}»`;
  });
}

describe('references to source files', () => {
  it('are found as runtimes and compilers write them', () => {
    assert.deepEqual(found('    at checkout (/app/src/checkout.ts:12:5)'), [
      '/app/src/checkout.ts 12:5 «/app/src/checkout.ts:12:5»',
    ]);
    assert.deepEqual(found('    at file:///app/dist/main.mjs:3:1'), [
      '/app/dist/main.mjs 3:1 «file:///app/dist/main.mjs:3:1»',
    ]);
    assert.deepEqual(found('  File "/srv/app/main.py", line 3, in <module>'), [
      '/srv/app/main.py 3 «File "/srv/app/main.py", line 3»',
    ]);
    assert.deepEqual(found('\tat com.acme.shop.Cart.add(Cart.java:12)'), [
      'com/acme/shop/Cart.java 12 «Cart.java:12»',
    ]);
    assert.deepEqual(found('\t/go/src/shop/cart.go:88 +0x1d'), [
      '/go/src/shop/cart.go 88 «/go/src/shop/cart.go:88»',
    ]);
    assert.deepEqual(found('src/a.c:1:2: error: x; see ./b.h:7'), [
      'src/a.c 1:2 «src/a.c:1:2»',
      './b.h 7 «./b.h:7»',
    ]);
    assert.deepEqual(found('C:\\app\\Cart.cs:4'), ['C:\\app\\Cart.cs 4 «C:\\app\\Cart.cs:4»']);
  });

  it('are no addresses, times or versions', () => {
    for (const line of [
      'GET http://localhost:8080/app.js:1',
      'https://example.com/src/x.ts:12:5',
      'at 12:30:45.123:7',
      'version 1.2.3:4',
      'no number here.ts',
      '127.0.0.1:8080',
    ])
      assert.deepEqual(found(line), [], line);
  });

  it('are bounded, and found without backtracking in lines made to be slow', () => {
    for (const unit of ['a/', 'a.', 'a.b/', './', 'File "', 'a.b(', '::', 'x.ts:1 ', '@', '\\', '.1:'])
      assert.ok(findSourceReferences(unit.repeat(500_000)).length <= 20, unit);
  });

  it('match a workspace by the endings of their path, longest first, and never lead out of it', () => {
    assert.deepEqual(pathEndings('/app/src/x.ts'), ['app/src/x.ts', 'src/x.ts', 'x.ts']);
    assert.deepEqual(pathEndings('C:\\app\\x.cs'), ['app/x.cs', 'x.cs']);
    assert.deepEqual(pathEndings('./a/../../b/x.ts'), ['b/x.ts', 'x.ts']);
  });
});
