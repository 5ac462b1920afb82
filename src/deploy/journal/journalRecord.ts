import type { Deployment, DeploymentEntry, DeploymentFailure, DeploymentSpec } from '../../model/deployment';

/** A container that ran, or stood, under the name that the new one gets. */
export interface OldContainer {
  readonly id: string;
  readonly name: string;
  readonly wasRunning: boolean;
}

/** What a deployment is about to do, written down before it does it. */
export type Intent =
  /** What is there before anything was done. */
  | { readonly step: 'begin'; readonly old: readonly OldContainer[] }
  /** From here on containers are made, stopped and renamed. */
  | {
      readonly step: 'swap';
      readonly name: string;
      readonly imageId: string;
      readonly old: readonly OldContainer[];
    }
  /** The new one is well: from here on it stays, and the old ones go. */
  | { readonly step: 'healthy'; readonly imageId: string }
  /** It did not work, or is not wanted any more: what it made goes, and the old ones come back. */
  | { readonly step: 'undo'; readonly isCancelled: boolean; readonly failure: DeploymentFailure }
  /** Compose changes the project's containers from here on. */
  | { readonly step: 'compose' };

/** The first line of a journal. */
export interface JournalOpening {
  readonly kind: 'open';
  readonly version: 1;
  readonly spec: DeploymentSpec;
  /** What was taken out of the specification, for people. */
  readonly missing: readonly string[];
  /** The source was handed over as a stream, which is not kept. */
  readonly isHandedOver: boolean;
  /** The engine's own id, if it has one: what is unfinished there is none of another's. */
  readonly engine?: string;
}

export interface IntentRecord {
  readonly kind: 'intent';
  readonly intent: Intent;
}

/** A line of a journal. */
export type JournalRecord = JournalOpening | IntentRecord | DeploymentEntry;

/** Reads one line; `undefined` for what is torn, or of a kind that a newer version may have written. */
export function readRecord(line: string): JournalRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isFields(value)) return undefined;
  switch (value['kind']) {
    case 'open':
      return isFields(value['spec']) && value['version'] === 1
        ? (value as unknown as JournalOpening)
        : undefined;
    case 'intent':
      return isFields(value['intent']) ? (value as unknown as IntentRecord) : undefined;
    case 'log':
      return isPlaced(value) && typeof value['text'] === 'string'
        ? (value as unknown as DeploymentEntry)
        : undefined;
    case 'state':
      return isPlaced(value) && asDeployment(value['deployment'])
        ? (value as unknown as DeploymentEntry)
        : undefined;
    default:
      return undefined;
  }
}

/** A deployment as it was written down, if it is one. */
export function asDeployment(value: unknown): Deployment | undefined {
  if (!isFields(value)) return undefined;
  const texts = ['id', 'app', 'status', 'stage', 'startedBy', 'sourceKind', 'sourceText', 'message'];
  const isDeployment =
    texts.every((name) => typeof value[name] === 'string') &&
    typeof value['progress'] === 'number' &&
    typeof value['createdAtMs'] === 'number' &&
    Array.isArray(value['stages']);
  return isDeployment ? (value as unknown as Deployment) : undefined;
}

function isPlaced(value: Readonly<Record<string, unknown>>): boolean {
  return typeof value['sequence'] === 'number' && typeof value['timeMs'] === 'number';
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
