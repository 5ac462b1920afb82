import { toDisposable, type Disposable } from './lifecycle';

/** Subscribes a listener until the returned disposable is disposed. Structurally equal to VS Code's `Event`. */
export type Event<T> = (listener: (value: T) => void) => Disposable;

/** Called with what a listener threw, so that one bad listener starves no other. */
export type ListenerErrorHandler = (error: unknown) => void;

let onListenerError: ListenerErrorHandler = (error) => {
  throw error;
};

/** Replaces what happens when a listener throws (default: the error goes on to whoever fired). */
export function setListenerErrorHandler(handler: ListenerErrorHandler): void {
  onListenerError = handler;
}

/** A typed event source. Listeners run in the order they subscribed; disposing drops them all. */
export class Emitter<T> implements Disposable {
  private readonly listeners = new Set<(value: T) => void>();

  readonly event: Event<T> = (listener) => {
    const entry = (value: T): void => listener(value);
    this.listeners.add(entry);
    return toDisposable(() => this.listeners.delete(entry));
  };

  get hasListeners(): boolean {
    return this.listeners.size > 0;
  }

  fire(value: T): void {
    for (const listener of [...this.listeners]) {
      try {
        listener(value);
      } catch (error) {
        onListenerError(error);
      }
    }
  }

  dispose(): void {
    this.listeners.clear();
  }
}
