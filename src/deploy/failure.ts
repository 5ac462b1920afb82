import { messageOf } from '../base/errors';
import { BuildFailedError } from '../engine/deployEngine';

/** What is known of why a step failed, beside its message. */
export interface FailureDetails {
  readonly lastLines?: readonly string[];
  readonly exitCode?: number;
  readonly outOfMemory?: boolean;
  readonly healthOutput?: string;
}

/** A step of a deployment failed for a reason that a person can understand. */
export class StepFailedError extends Error {
  override readonly name = 'StepFailedError';

  constructor(
    message: string,
    readonly details: FailureDetails = {},
  ) {
    super(message);
  }
}

/** Somebody does not want the deployment any more. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
}

/** This process leaves; the deployment is left as it is, to be found by the next one. */
export class LeavingError extends Error {
  override readonly name = 'LeavingError';
}

export function detailsOf(error: unknown): FailureDetails {
  if (error instanceof StepFailedError) return error.details;
  if (error instanceof BuildFailedError && error.exitCode !== undefined) return { exitCode: error.exitCode };
  return {};
}

const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full. Make room on the disk and deploy again.',
  EDQUOT: 'The disk quota is used up. Make room on the disk and deploy again.',
};

/** As programs and engines say it. */
const DISK_FULL = /no space left on device|disk quota exceeded/i;

/** The message of what was thrown, for people. */
export function failureMessage(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const words = SYSTEM_WORDS[String(code)];
  if (words !== undefined) return words;
  const message = messageOf(error);
  return DISK_FULL.test(message) ? `${message} Make room on the disk and deploy again.` : message;
}
