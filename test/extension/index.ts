import { runSuites } from './harness';

/** VS Code calls this in the extension host, and ends with a failure when it rejects. */
export function run(): Promise<void> {
  return runSuites(async () => {
    await import('./activation.test');
    await import('./tree.test');
    await import('./commands.test');
    await import('./documents.test');
    await import('./shell.test');
    await import('./logReading.test');
    await import('./logFilters.test');
    await import('./tailTogether.test');
    await import('./logOutputs.test');
    await import('./hosts.test');
    await import('./deployments.test');
    await import('./metrics.test');
    await import('./leaks.test');
  });
}
