import type { Clock } from '../base/clock';
import type { Deployment, DeploymentSpec, DeploymentStage } from '../model/deployment';
import type { ContextArchive } from '../engine/deployments';
import type { DeployEngine } from '../engine/deployEngine';
import type { Intent } from './journal/journalRecord';
import type { Redactor } from './redactor';

/** What the steps of a deployment work with, and how they tell what they do. */
export interface Step {
  readonly id: string;
  /** With all its secrets. */
  readonly spec: DeploymentSpec;
  readonly context: ContextArchive | undefined;
  readonly engine: DeployEngine;
  readonly clock: Clock;
  readonly tools: Tools;
  readonly redactor: Redactor;
  /** Names this journal in labels. */
  readonly journal: string;
  /** Aborts with a `CancelledError`, or with a `LeavingError`. */
  readonly signal: AbortSignal;
  readonly deployment: Deployment;
  /** Made when it is first asked for; removed at the end. */
  workFolder(): Promise<string>;
  /** Where what was handed over of a Compose project is kept. */
  projectPath(project: string): Promise<string>;
  log(stream: 'stdout' | 'stderr' | 'system', text: string): void;
  /** On the disk before it resolves. */
  enter(stage: DeploymentStage, message: string): Promise<void>;
  /** @param fraction of the stage, 0 to 1; it never goes back */
  progress(fraction: number, message?: string): void;
  /** The builder runs a step in this container, and takes it away itself unless its engine is ended meanwhile. */
  buildsIn(container: string): void;
  know(facts: { readonly imageId?: string; readonly commit?: string }): Promise<void>;
  intent(intent: Intent): Promise<void>;
}

/** The programs of the machine, and their environment. */
export interface Tools {
  readonly git: string;
  readonly docker: string;
  readonly dockerCompose: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly homeDirectory: string;
}
