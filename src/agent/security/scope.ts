import type { Container } from '../../model/container';

/** A label that must be there; without a value any value will do. */
export interface LabelRule {
  readonly name: string;
  readonly value?: string;
}

/**
 * Which containers a token reaches. One that is in any of the projects or carries any of the labels is in it, so each
 * rule widens the scope. Without a single rule a scope would reach nothing; a token that reaches all has no scope.
 */
export interface Scope {
  /** Compose projects, by their exact names. */
  readonly projects: readonly string[];
  readonly labels: readonly LabelRule[];
}

/** What the scope is looked at for; never the name or the image, which their owner can choose as another's. */
export type Scoped = Pick<Container, 'labels' | 'compose'>;

export function isInScope(scope: Scope | undefined, container: Scoped): boolean {
  if (scope === undefined) return true;
  const project = container.compose?.project;
  if (project !== undefined && scope.projects.includes(project)) return true;
  return scope.labels.some((rule) => hasLabel(container.labels, rule));
}

function hasLabel(labels: Container['labels'], { name, value }: LabelRule): boolean {
  if (!Object.hasOwn(labels, name)) return false;
  return value === undefined || labels[name] === value;
}

/** Reads `name=value` or `name`; `undefined` where there is no name. */
export function parseLabelRule(text: string): LabelRule | undefined {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  if (name === '') return undefined;
  return equals < 0 ? { name } : { name, value: text.slice(equals + 1) };
}

/** In a few words, like `project shop, label team=web`, or `everything`. */
export function describeScope(scope: Scope | undefined): string {
  if (scope === undefined) return 'everything';
  const projects = scope.projects.map((project) => `project ${project}`);
  const labels = scope.labels.map(
    ({ name, value }) => `label ${value === undefined ? name : `${name}=${value}`}`,
  );
  return [...projects, ...labels].join(', ');
}
