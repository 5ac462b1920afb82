import type { ContextArchive } from '../../engine/deployments';

/** What is built: a folder of this machine, or what was handed over. */
export type BuildInput = { readonly folder: string } | { readonly archive: ContextArchive };
