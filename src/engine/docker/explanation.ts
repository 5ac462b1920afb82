import type { EngineErrorCode } from '../engine';

/** Why something failed: the code, and a text that says what happened and what to do. */
export interface Explanation {
  readonly code: EngineErrorCode;
  readonly text: string;
}

/** Reads a field of anything, `undefined` where there is none. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (Reflect.get(value, name) as unknown) : undefined;
}
