import { writeFile } from 'node:fs/promises';
import { required } from './environment';

/** Hands figures to the process that started this VS Code. */
export async function report(figures: Readonly<Record<string, number>>): Promise<void> {
  await writeFile(required('QUAYWATCH_BENCH_REPORT'), JSON.stringify(figures));
}

/** The `run` of a benchmark whose figures are reported, or else why it failed: VS Code tells only that it did. */
export function reported(work: () => Promise<Readonly<Record<string, number>>>): () => Promise<void> {
  return async () => {
    try {
      await report(await work());
    } catch (error) {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      await writeFile(required('QUAYWATCH_BENCH_FAILURE'), why);
      throw error;
    }
  };
}
