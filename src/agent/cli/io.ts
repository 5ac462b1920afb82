/** What commands read and write, as a dependency. */
export interface CliIo {
  /** The result, for people and pipes. */
  out(line: string): void;
  /** Everything else that people should read. */
  err(line: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
}

/** The options are fine one by one but make no sense. The message names them. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
