import { EngineError, type EngineErrorCode } from '../engine';

/** Answers that stay the same however often one asks. All other trouble passes, so a tail survives it. */
const FINAL_ANSWERS: ReadonlySet<EngineErrorCode> = new Set<EngineErrorCode>([
  'notSupported',
  'badRequest',
  'unsupportedVersion',
]);
/** What reading once puts up with; whoever waits for it wants to know of the rest. */
const PASSING_FOR_ONE_READ: ReadonlySet<EngineErrorCode> = new Set<EngineErrorCode>([
  'connectionLost',
  'unreachable',
]);

/** How long a reader of a log stays with it. */
export interface LogStay {
  readonly follow: boolean;
  /** Somebody reads on after this reading's end: what is unterminated there is not a line yet. */
  readonly isContinued?: boolean;
}

/** Whether an error of the engine ends the reading of a log; what is not final passes. */
export function isFinalAnswer(code: EngineErrorCode, { follow, isContinued = false }: LogStay): boolean {
  if (follow) return FINAL_ANSWERS.has(code);
  // Whoever reads on after this reading follows, and survives what passes.
  if (isContinued) return FINAL_ANSWERS.has(code) || code === 'noSuchContainer';
  return !PASSING_FOR_ONE_READ.has(code);
}

export function isNoSuchContainer(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'noSuchContainer';
}
