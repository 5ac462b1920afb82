/** Something that holds a resource until it is disposed. Structurally equal to VS Code's own `Disposable`. */
export interface Disposable {
  dispose(): void;
}

/** Told of every store that is made and every store that is disposed; used by suites to find leaks. */
export interface DisposableTracker {
  created(disposable: Disposable): void;
  disposed(disposable: Disposable): void;
}

let tracker: DisposableTracker | undefined;

/** Installs a tracker for leak checks and returns a way to remove it again. */
export function trackDisposables(newTracker: DisposableTracker): Disposable {
  tracker = newTracker;
  return { dispose: () => (tracker = undefined) };
}

/** Makes a disposable of a function. The function runs at most once. */
export function toDisposable(run: () => void): Disposable {
  let isDisposed = false;
  const disposable: Disposable = {
    dispose: () => {
      if (isDisposed) return;
      isDisposed = true;
      tracker?.disposed(disposable);
      run();
    },
  };
  tracker?.created(disposable);
  return disposable;
}

/**
 * Owns disposables and disposes them together, last added first. Adding to a store that is already disposed
 * disposes the newcomer at once, so nothing registered late can leak.
 */
export class DisposableStore implements Disposable {
  private readonly items = new Set<Disposable>();
  private disposed = false;

  constructor() {
    tracker?.created(this);
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  add<T extends Disposable>(item: T): T {
    if (this.disposed) item.dispose();
    else this.items.add(item);
    return item;
  }

  /** Disposes one item now and forgets it. */
  delete(item: Disposable): void {
    if (this.items.delete(item)) item.dispose();
  }

  /** Disposes all items; the store stays usable. */
  clear(): void {
    const items = [...this.items].reverse();
    this.items.clear();
    for (const item of items) item.dispose();
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    tracker?.disposed(this);
    this.clear();
  }
}
