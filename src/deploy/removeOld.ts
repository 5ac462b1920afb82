import type { DeployEngine } from '../engine/deployEngine';
import type { DeploymentStore } from './deploymentStore';
import type { JournalFolder, Retention } from './journal/journalFolder';
import { imageTag } from './naming';

/** Has retention remove old journals. With a journal its image goes: nobody else would know that it is to go. */
export async function removeOld(keep: {
  readonly known: DeploymentStore;
  readonly journals: JournalFolder;
  readonly limits: Retention;
  readonly engine: Pick<DeployEngine, 'removeImage'>;
}): Promise<void> {
  const { known, journals, limits, engine } = keep;
  const apps = new Map(known.withImages.map(({ id, app }) => [id, app]));
  const removed = await journals.removeOld(known.over, limits);
  known.remove(removed);
  for (const id of removed) {
    const app = apps.get(id);
    if (app !== undefined) await engine.removeImage(imageTag(app, id));
  }
}
