import assert from 'node:assert/strict';
import { trackDisposables, type Disposable } from '../../src/base/lifecycle';

/** Fails a suite's tests that leave a disposable behind. To be called inside `describe`. */
export function checkForLeaks(): void {
  const alive = new Map<Disposable, Error>();
  let tracking: Disposable | undefined;
  beforeEach(() => {
    alive.clear();
    tracking = trackDisposables({
      created: (disposable) => alive.set(disposable, new Error('made here')),
      disposed: (disposable) => alive.delete(disposable),
    });
  });
  afterEach(() => {
    tracking?.dispose();
    const places = [...alive.values()].map(({ stack }) => stack?.split('\n').slice(3, 6).join('\n'));
    assert.equal(alive.size, 0, `${alive.size} disposables leaked:\n${places.join('\n\n')}`);
  });
}
