/** A promise together with the means to settle it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

export function deferred<T>(): Deferred<T> {
  let settle: Pick<Deferred<T>, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<T>((resolve, reject) => (settle = { resolve, reject }));
  // The executor has run by now: the constructor calls it at once.
  if (!settle) throw new Error('A promise did not call its executor.');
  return { promise, ...settle };
}
