import type { DeploymentId } from '../model/deployment';

/** Labels of the containers that deployments make. */
export const LABELS = {
  /** The app; what runs it before is found by it. */
  app: 'dev.quaywatch.app',
  deployment: 'dev.quaywatch.deployment',
  /** The journal that knows the deployment: nobody else may touch what is unfinished. */
  journal: 'dev.quaywatch.journal',
} as const;

const NEW_MARK = '-quaywatch-new-';
const OLD_MARK = '-quaywatch-old-';

/** The name a container has until the one before it is out of the way. */
export function newName(name: string, id: DeploymentId): string {
  return `${name}${NEW_MARK}${id}`;
}

/** The name a container has from when another takes its place until that one is known to be well. */
export function oldName(name: string, id: DeploymentId): string {
  return `${name}${OLD_MARK}${id}`;
}

/** The name a container had before {@link newName} or {@link oldName}. */
export function plainName(name: string): string {
  for (const mark of [NEW_MARK, OLD_MARK]) {
    const at = name.indexOf(mark);
    if (at > 0) return name.slice(0, at);
  }
  return name;
}

/** The project as which Compose runs an app. */
export function composeProject(app: string, { project }: { readonly project?: string }): string {
  return project ?? app.toLowerCase().replace(/[^a-z0-9_-]/g, '');
}

/** The repository of an app's images: its tags are the deployments they were made for. */
export function imageRepository(app: string): string {
  const component = app
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return `quaywatch/${component === '' ? 'app' : component}`;
}

export function imageTag(app: string, id: DeploymentId): string {
  return `${imageRepository(app)}:${id}`;
}
