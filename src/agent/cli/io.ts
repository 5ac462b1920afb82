import type { Disposable } from '../../base/lifecycle';

/** The terminal where {@link CliIo.err} goes, if it goes to one. */
export interface CliTerminal {
  /** As wide as it is at the moment. */
  readonly columns: number;
  write(text: string): void;
}

/** What commands read and write, as a dependency. */
export interface CliIo {
  /** The result, for people and pipes. */
  out(line: string): void;
  /** Everything else that people should read. */
  err(line: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly terminal?: CliTerminal;
  /** Somebody presses Ctrl-C. While there is a listener, that ends nothing by itself. */
  onInterrupt(listener: () => void): Disposable;
}

/** The options are fine one by one but make no sense. The message names them. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
