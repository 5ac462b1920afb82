import type { DeploymentStage, DeploymentStatus } from '../model/deployment';

/** What the plain endpoints send; PROTOCOL.md, chapter 12. Field names are those of their documentation. */
export type PlainLogMessage = Stamped<
  | {
      readonly type: 'status';
      readonly data: { readonly container: string; readonly state: string; readonly status: string };
    }
  | { readonly type: 'log'; readonly data: { readonly line: string } }
  | { readonly type: 'error' | 'end'; readonly data: { readonly message: string } }
>;

export type PlainDeploymentMessage = Stamped<
  | { readonly type: 'status'; readonly data: PlainDeploymentStatus }
  | { readonly type: 'log'; readonly data: { readonly line: string } }
  | { readonly type: 'error'; readonly data: { readonly message: string } }
>;

/** Adds to each member the time it is about, RFC 3339. */
type Stamped<Message> = Message & { readonly timestamp: string };

export interface PlainDeploymentStatus {
  readonly deployment_id: string;
  readonly status: DeploymentStatus;
  readonly stage: DeploymentStage;
  /** Percent. */
  readonly progress: number;
  readonly message: string;
  /** Empty while nothing went wrong. */
  readonly error_message: string;
}

/** Sizes in bytes; `null` is what the agent can't see. */
export interface PlainShare {
  readonly used: number | null;
  readonly total: number | null;
  readonly percent: number | null;
}

/** Once a second; shares in percent. */
export interface PlainMetrics {
  readonly timestamp: string;
  readonly cpu: { readonly usage: number; readonly cores: number };
  readonly memory: PlainShare;
  readonly disk: PlainShare;
  readonly docker: {
    readonly containers_running: number;
    readonly containers_total: number;
    /** `null` until the engine has told. */
    readonly images: number | null;
  };
}

/** The texts of the plain endpoints' errors. */
export const PLAIN_ERRORS = {
  missingAppId: 'appId is missing',
  notFound: 'Container not found',
  notRunning: 'Container not running',
  timeout: 'Connection timeout',
  permissionDenied: 'Permission denied',
  missingDeploymentId: 'deploymentId is missing',
  deploymentNotFound: 'Deployment not found',
  noDeployments: 'Deployments are not available on this agent',
  noMetrics: 'Metrics are not available on this agent',
} as const;

/** The cookie that may hold a watch key. */
export const WATCH_COOKIE = 'quaywatch';

/** The text frame of a message. */
export function encodePlain(message: PlainLogMessage | PlainDeploymentMessage | PlainMetrics): string {
  return JSON.stringify(message);
}
