import type { Clock } from '../base/clock';
import type { DeployEngine } from '../engine/deployEngine';
import type { Retention } from './journal/journalFolder';
import type { Tools } from './step';

export interface DeploymentLimits extends Retention {
  /** How many run at once; of an app always one. */
  readonly mostAtOnce: number;
  readonly mostWaiting: number;
  /** Images of an app's successful deployments that are kept to roll back to. */
  readonly mostImages: number;
}

export const DEPLOYMENT_LIMITS: DeploymentLimits = {
  mostAtOnce: 2,
  mostWaiting: 50,
  mostImages: 5,
  mostDeployments: 10_000,
  mostBytes: 1024 * 1024 * 1024,
};

export type DeploymentsLog = (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;

export interface LocalDeploymentsOptions {
  readonly engine: DeployEngine;
  /** Of the journals; only for this user. One process at a time runs deployments in it, others may watch. */
  readonly folder: string;
  /** Who starts deployments here, unless a request has an origin. */
  readonly startedBy: string;
  readonly log: DeploymentsLog;
  readonly tools: Tools;
  readonly clock?: Clock;
  readonly limits?: Partial<DeploymentLimits>;
}
