/**
 * A file of the agent's state can't be used as it is. The message names the file, what is wrong with it and what to do;
 * nothing was overwritten.
 */
export class StateError extends Error {
  override readonly name = 'StateError';

  constructor(
    readonly path: string,
    problem: string,
    /** What the person should do, as a sentence. */
    readonly help: string,
    options?: { readonly cause?: unknown },
  ) {
    super(`${path}: ${problem}. ${help}`, options);
  }
}

/** The `code` of a failed system call, like `ENOENT`. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The same failure with the file's name and the usual help. */
export function asStateError(path: string, error: unknown): StateError {
  if (error instanceof StateError) return error;
  const code = systemErrorCode(error);
  return new StateError(
    path,
    PROBLEMS[code ?? ''] ?? `it can't be used (${code ?? String(error)})`,
    helpFor(code),
    {
      cause: error,
    },
  );
}

const PROBLEMS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not read or write it',
  EPERM: 'this user may not read or write it',
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of this path is no folder',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
};

function helpFor(code: string | undefined): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'Run the command as the user that the agent runs as, or correct the owner of the file';
    case 'ENOENT':
      return 'Run "quaywatch-agent init" first, or name the right folder with --state';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'Free some space and try again';
    default:
      return 'Name another folder with --state, or correct this one';
  }
}
