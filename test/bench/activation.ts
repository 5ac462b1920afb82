import type { Figures } from './main';
import { buildForVSCode, runInsideVSCode } from './insideVSCode';
import { median, rounded } from './statistics';

const ROUNDS = Number(process.env['QUAYWATCH_BENCH_ROUNDS'] ?? 5);

/**
 * What activating costs in a fresh VS Code: `activate()` alone, and with the loading of the bundle beside that of a
 * built-in extension, the one for notebooks, in the same window: nothing but a notebook activates that one.
 */
export async function activationBenchmark(): Promise<Figures> {
  buildForVSCode();
  const reports: Record<string, number>[] = [];
  for (let round = 0; round < ROUNDS; round++) reports.push(await runInsideVSCode('activation'));
  const medianOf = (name: string): number => median(reports.map((report) => report[name] ?? Number.NaN));
  return {
    'activation.activateMs': rounded(medianOf('activateMs')),
    'activation.withLoadingMs': rounded(medianOf('oursMs')),
    'activation.notebooksWithLoadingMs': rounded(medianOf('notebookMs')),
    'activation.vsNotebooks': rounded(medianOf('oursMs') / medianOf('notebookMs')),
  };
}
