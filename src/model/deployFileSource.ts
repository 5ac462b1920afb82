import type { DeploymentSource } from './deployment';
import type { Fields } from './deployFileFields';

/** Which members a source of each kind has; the first names the kind. */
const SOURCE_MEMBERS = {
  git: ['git', 'ref', 'folder'],
  image: ['image', 'pull'],
  compose: ['compose', 'folder', 'project', 'services'],
  folder: ['folder'],
} as const;

/** Where the app comes from; `undefined` if the file does not say so, which is told then. */
export function readSource(app: Fields): DeploymentSource | undefined {
  if (!app.has('source')) {
    app.report('source', { kind: 'missing' });
    return undefined;
  }
  const every = [...new Set(Object.values(SOURCE_MEMBERS).flat())];
  const any = app.object('source', every);
  if (!any) return undefined;
  const kinds = (['git', 'image', 'compose'] as const).filter((kind) => any.has(kind));
  const kind = kinds[0] ?? (any.has('folder') ? 'folder' : undefined);
  if (kind === undefined || kinds.length > 1) {
    any.report(undefined, { kind: 'oneSource' });
    return undefined;
  }
  const known: readonly string[] = SOURCE_MEMBERS[kind];
  for (const name of every.filter((one) => any.has(one) && !known.includes(one)))
    any.report(name, { kind: 'unknown', known });
  return sourceOf(kind, any);
}

function sourceOf(kind: DeploymentSource['kind'], source: Fields): DeploymentSource | undefined {
  switch (kind) {
    case 'git': {
      const repository = source.text('git', 'repository');
      const ref = source.text('ref', 'ref');
      const folder = source.text('folder', 'insidePath');
      return repository === undefined
        ? undefined
        : { kind, repository, ...(ref !== undefined && { ref }), ...(folder !== undefined && { folder }) };
    }
    case 'folder': {
      const folder = source.text('folder', 'path');
      return folder === undefined ? undefined : { kind, folder };
    }
    case 'image': {
      const image = source.text('image', 'image');
      const pull = source.choice('pull', ['always', 'missing', 'never'] as const) ?? 'missing';
      return image === undefined ? undefined : { kind, image, pull };
    }
    case 'compose':
      return composeSource(source);
  }
}

function composeSource(source: Fields): DeploymentSource | undefined {
  const files = source.texts('compose', 'insidePath');
  const folder = source.text('folder', 'path') ?? '.';
  const project = source.text('project', 'project');
  const services = source.texts('services', 'service');
  return files === undefined
    ? undefined
    : {
        kind: 'compose',
        files,
        folder,
        ...(project !== undefined && { project }),
        ...(services !== undefined && { services }),
      };
}
