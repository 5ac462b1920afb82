import type {
  Deployment,
  DeploymentFailure,
  DeploymentSource,
  DeploymentStage,
  DeploymentStatus,
  OldVersionFate,
} from '../model/deployment';
import { composeProject } from './naming';

interface StageRange {
  readonly status: DeploymentStatus;
  readonly from: number;
  readonly to: number;
}

/**
 * What Mist's document says of status and percentage: pending 0, building 25 to 75, deploying 75 to 90, success 100. It
 * leaves what is below 25 to fetching the source.
 */
const RANGES: Readonly<Record<DeploymentStage, StageRange>> = {
  queued: { status: 'pending', from: 0, to: 0 },
  cloning_repo: { status: 'building', from: 1, to: 24 },
  pulling_image: { status: 'building', from: 25, to: 75 },
  building_image: { status: 'building', from: 25, to: 75 },
  stopping_old: { status: 'deploying', from: 75, to: 78 },
  starting_new: { status: 'deploying', from: 78, to: 80 },
  health_check: { status: 'deploying', from: 80, to: 90 },
  rolling_back: { status: 'deploying', from: 0, to: 90 },
  completed: { status: 'success', from: 100, to: 100 },
};

export interface NewDeployment {
  readonly id: string;
  readonly app: string;
  readonly source: DeploymentSource;
  readonly sourceText: string;
  readonly startedBy: string;
  readonly nowMs: number;
  readonly rollBackTo?: string;
  readonly commandId?: string;
  readonly isHandedOver?: boolean;
}

export function newDeployment(made: NewDeployment): Deployment {
  const { id, app, source, sourceText, startedBy, nowMs, rollBackTo, commandId, isHandedOver } = made;
  return {
    id,
    app,
    sourceKind: source.kind,
    sourceText,
    startedBy,
    createdAtMs: nowMs,
    status: 'pending',
    stage: 'queued',
    progress: 0,
    message: 'Waiting for its turn.',
    stages: [{ stage: 'queued', startedAtMs: nowMs }],
    canRollBackTo: false,
    ...(rollBackTo !== undefined && { rollBackTo }),
    ...(source.kind === 'compose' && { project: composeProject(app, source) }),
    ...(commandId !== undefined && { commandId }),
    ...(isHandedOver === true && { isHandedOver }),
  };
}

/** The deployment enters a stage, unless it is in it already. */
export function inStage(
  deployment: Deployment,
  stage: DeploymentStage,
  message: string,
  nowMs: number,
): Deployment {
  const { status, from } = RANGES[stage];
  const isThere = deployment.stage === stage;
  return {
    ...deployment,
    status,
    stage,
    message,
    progress: Math.max(deployment.progress, from),
    stages: isThere ? deployment.stages : [...endStages(deployment, nowMs), { stage, startedAtMs: nowMs }],
  };
}

/**
 * Where a deployment is that has done this part of its stage; never less than before.
 *
 * @param fraction of the stage, 0 to 1
 */
export function atFraction(deployment: Deployment, fraction: number, message?: string): Deployment {
  const { from, to } = RANGES[deployment.stage];
  const bounded = Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
  const progress = Math.max(deployment.progress, Math.floor(from + (to - from) * bounded));
  if (deployment.stage === 'rolling_back') return { ...deployment, message: message ?? deployment.message };
  return { ...deployment, progress, message: message ?? deployment.message };
}

export interface Ending {
  readonly status: 'success' | 'failed' | 'cancelled' | 'rolled_back';
  readonly message: string;
  readonly nowMs: number;
  readonly failure?: DeploymentFailure;
  readonly oldVersion?: OldVersionFate;
  readonly canRollBackTo?: boolean;
}

export function ended(deployment: Deployment, ending: Ending): Deployment {
  const { status, message, nowMs, failure, oldVersion, canRollBackTo = false } = ending;
  const isSuccess = status === 'success';
  return {
    ...deployment,
    status,
    message,
    stage: isSuccess ? 'completed' : deployment.stage,
    progress: isSuccess ? 100 : deployment.progress,
    stages: isSuccess
      ? [...endStages(deployment, nowMs), { stage: 'completed', startedAtMs: nowMs, endedAtMs: nowMs }]
      : endStages(deployment, nowMs),
    endedAtMs: nowMs,
    canRollBackTo,
    ...(failure && { failure }),
    ...(oldVersion && { oldVersion }),
  };
}

function endStages({ stages }: Deployment, nowMs: number): Deployment['stages'] {
  return stages.map((timing) => (timing.endedAtMs === undefined ? { ...timing, endedAtMs: nowMs } : timing));
}
