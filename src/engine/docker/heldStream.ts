import type { Readable } from 'node:stream';
import type { Disposable } from '../../base/lifecycle';

/** A stream that several may hold up: it flows while nobody does. */
export class HeldStream implements Disposable {
  private holds = 0;

  constructor(readonly readable: Readable) {}

  /** Nothing comes until the returned disposable is disposed. */
  hold(): Disposable {
    this.holds++;
    this.readable.pause();
    let isHeld = true;
    return {
      dispose: () => {
        if (!isHeld) return;
        isHeld = false;
        this.holds--;
        if (this.holds === 0) this.readable.resume();
      },
    };
  }

  dispose(): void {
    this.readable.destroy();
  }
}
