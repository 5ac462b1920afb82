import { runInNewContext } from 'node:vm';
import { compilePattern } from '../../src/model/logPattern';
import type { Figures } from './main';
import { rounded } from './statistics';

/** Each takes a backtracking matcher exponential or quadratic time on a line that almost matches. */
const PATTERNS = ['(a+)+$', '(a|aa)+$', '(a*)*b$', 'a+a+$'];
const LONG_LINE = `${'a'.repeat(100_000)}!`;
const SHORT_LINE = `${'a'.repeat(40)}!`;
const NATIVE_LIMIT_MS = 1_000;

/** The slowest of all on a line of 100,000 characters; beside it JavaScript's own on a line of 40, until it is stopped. */
export function hostilePatterns(): Figures {
  const ours = PATTERNS.map((source) => oursMs(source, LONG_LINE));
  const native = PATTERNS.map((source) => nativeMs(source, SHORT_LINE));
  return {
    'filter.hostile.longLineMs': rounded(Math.max(...ours)),
    'filter.hostile.nativeShortLineMs': rounded(Math.max(...native)),
    'filter.hostile.nativeStopped': native.filter((ms) => ms >= NATIVE_LIMIT_MS).length,
  };
}

function oursMs(source: string, line: string): number {
  const compiled = compilePattern({ kind: 'regex', source, flags: '' });
  if (compiled.kind === 'patternError') throw new Error(`${source}: ${compiled.message}`);
  const startedMs = performance.now();
  if (compiled.test(line)) throw new Error(`${source} matches what it must not.`);
  return performance.now() - startedMs;
}

function nativeMs(source: string, line: string): number {
  const startedMs = performance.now();
  try {
    runInNewContext('new RegExp(source).test(line)', { source, line }, { timeout: NATIVE_LIMIT_MS });
  } catch {
    // It was stopped.
  }
  return performance.now() - startedMs;
}
