import * as vscode from 'vscode';
import type { ContainerCommand } from '../../engine/engine';
import type { Notifier } from '../notify';
import { CONTAINERS_VIEW } from '../tree/containersView';
import { namesOf, type Target } from './targets';

/** How many commands an engine is given at once. */
const CONCURRENCY = 8;

export interface PerformOptions {
  readonly progress: (names: string) => string;
  /** What could not be done, to which the reason is added. */
  readonly failure: (names: string) => string;
  readonly notifier: Notifier;
}

/** Gives each target its command, with progress in the view; what fails is told once for all of them. */
export async function performAll(
  targets: readonly Target[],
  commandFor: (target: Target) => ContainerCommand,
  { progress, failure, notifier }: PerformOptions,
): Promise<void> {
  const failed: { target: Target; error: unknown }[] = [];
  const queue = [...targets];
  const worker = async (): Promise<void> => {
    for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
      try {
        await target.host.engine.perform(commandFor(target));
      } catch (error) {
        failed.push({ target, error });
      }
    }
  };
  const options = { location: { viewId: CONTAINERS_VIEW }, title: progress(namesOf(targets)) };
  await vscode.window.withProgress(options, () => Promise.all(Array.from({ length: CONCURRENCY }, worker)));
  const [first] = failed;
  if (first !== undefined) notifier.failed(failure(namesOf(failed.map(({ target }) => target))), first.error);
}
