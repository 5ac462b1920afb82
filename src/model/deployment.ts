/** Made by whoever runs it: sorts by time, and is safe in a file name and in a URL. */
export type DeploymentId = string;

/** The statuses of a deployment, in Mist's words, and two more ways to end. Others are shown, never refused. */
export const DEPLOYMENT_STATUSES = [
  'pending',
  'building',
  'deploying',
  'success',
  'failed',
  'cancelled',
  'rolled_back',
] as const;

export type DeploymentStatus = (typeof DEPLOYMENT_STATUSES)[number];

/** What a deployment is doing, in Mist's words, and what Mist does not tell apart. */
export const DEPLOYMENT_STAGES = [
  'queued',
  'cloning_repo',
  'pulling_image',
  'building_image',
  'stopping_old',
  'starting_new',
  'health_check',
  'rolling_back',
  'completed',
] as const;

export type DeploymentStage = (typeof DEPLOYMENT_STAGES)[number];

/** Whether nothing more will happen. */
export function isOver(status: DeploymentStatus): boolean {
  return status === 'success' || status === 'failed' || status === 'cancelled' || status === 'rolled_back';
}

/** The words for where a deployment is, a status and a stage; while it waits one of them says it. */
export function stateWords({ status, stage }: Pick<Deployment, 'status' | 'stage'>): readonly string[] {
  return status === 'pending' ? [stage] : [status, stage];
}

/**
 * What became of the version that ran before a deployment that did not succeed: `none` ran; it is `untouched`, or
 * `restored`; it is `lost`, since it could not be put back; Compose may have `replaced` it. Others are passed over.
 */
export type OldVersionFate = 'none' | 'untouched' | 'restored' | 'lost' | 'replaced';

/**
 * Why a deployment did not succeed, in the host's words; with what became of the old version where somebody must see to
 * it. `undefined` where there is nothing to tell.
 */
export function reasonOf(deployment: {
  readonly message: string;
  readonly oldVersion?: string;
  readonly failure?: { readonly message: string };
}): string | undefined {
  const { message, oldVersion, failure } = deployment;
  return oldVersion === 'lost' || oldVersion === 'replaced' ? message : failure?.message;
}

/** Where what is deployed comes from. */
export type DeploymentSource =
  | {
      readonly kind: 'git';
      /** As Git takes it. A password in it is a secret: it is never written down. */
      readonly repository: string;
      /** Branch, tag or commit; the repository's default branch if left out. */
      readonly ref?: string;
      /** Folder in the repository that is the build context; its root if left out. */
      readonly folder?: string;
    }
  /** A folder of the machine that starts it, packed and handed over. */
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'image'; readonly image: string; readonly pull: 'always' | 'missing' | 'never' }
  | {
      readonly kind: 'compose';
      /** Files of the folder, in the order in which they are applied. */
      readonly files: readonly string[];
      readonly folder: string;
      readonly project?: string;
      /** All services if left out. */
      readonly services?: readonly string[];
    };

/** How a source with a Dockerfile becomes an image. */
export interface BuildOptions {
  /** In the build context; `Dockerfile` if left out. */
  readonly dockerfile?: string;
  readonly target?: string;
  readonly args?: Readonly<Record<string, string>>;
  /** Names of `args` whose values are secret: handed to the build, written down nowhere. */
  readonly secretArgs?: readonly string[];
}

export interface PublishedPort {
  readonly containerPort: number;
  readonly hostPort?: number;
  readonly hostAddress?: string;
  readonly protocol?: 'tcp' | 'udp' | 'sctp';
}

/** How the new container runs. */
export interface RunOptions {
  /** Of the container; the app's name if left out. */
  readonly name?: string;
  readonly command?: readonly string[];
  readonly ports?: readonly PublishedPort[];
  /** Values are secret: handed to the container, written down nowhere. */
  readonly environment?: Readonly<Record<string, string>>;
  /** `SOURCE:TARGET[:MODE]`, as `docker run --volume` takes it. */
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly restart?: 'no' | 'always' | 'unless-stopped' | 'on-failure';
  readonly labels?: Readonly<Record<string, string>>;
  readonly memoryBytes?: number;
  /** 1.5 is one and a half processors. */
  readonly cpus?: number;
}

/** When the new container counts as running well. */
export interface HealthOptions {
  /** Instead of the image's own check: a command run by the container's shell. */
  readonly command?: string;
  readonly intervalMs?: number;
  /** Until it must be healthy, or have run without a break for `stableMs`. */
  readonly timeoutMs?: number;
  /** Without a health check: how long it must run without ending. */
  readonly stableMs?: number;
}

/** What to deploy, as data: it is kept without its secrets, compared and sent across a wire. */
export interface DeploymentSpec {
  /** One deployment at a time for each app of a host. */
  readonly app: string;
  readonly source: DeploymentSource;
  readonly build?: BuildOptions;
  readonly run?: RunOptions;
  readonly health?: HealthOptions;
}

/** Why a deployment failed: all that helps to see what happened. */
export interface DeploymentFailure {
  readonly stage: DeploymentStage;
  readonly message: string;
  /** The last lines of its log, or of the container that did not start. */
  readonly lastLines: readonly string[];
  readonly exitCode?: number;
  readonly outOfMemory?: boolean;
  readonly healthOutput?: string;
}

/** A stage it went through; times in milliseconds since the Unix epoch. */
export interface StageTiming {
  readonly stage: DeploymentStage;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
}

/** A deployment as lists and panels show it. Never mutated: a change makes a new object. */
export interface Deployment {
  readonly id: DeploymentId;
  readonly app: string;
  readonly sourceKind: DeploymentSource['kind'];
  /** For people: the repository and ref, folder, image or Compose files, without secrets. */
  readonly sourceText: string;
  readonly startedBy: string;
  /** The Compose project, where it is one. */
  readonly project?: string;
  /** Of the command that started it across a wire: after a crash it tells whether the command was carried out. */
  readonly commandId?: string;
  readonly createdAtMs: number;
  readonly endedAtMs?: number;
  readonly status: DeploymentStatus;
  readonly stage: DeploymentStage;
  /** 0 to 100; never decreases. */
  readonly progress: number;
  /** What it is doing at the moment, such as a build step. */
  readonly message: string;
  readonly stages: readonly StageTiming[];
  /** The image it runs, or ran, once that is known. */
  readonly imageId?: string;
  /** Of the commit that was built, where there is one. */
  readonly commit?: string;
  readonly failure?: DeploymentFailure;
  /** Where it is over without success, and that is known; `message` says it for people. */
  readonly oldVersion?: OldVersionFate;
  /** An earlier deployment of the same app whose image this one runs again. */
  readonly rollBackTo?: DeploymentId;
  /** Its folder was handed over and is not kept: only who has the folder can deploy it again. */
  readonly isHandedOver?: boolean;
  /** Its image is still there, so that it can be rolled back to. */
  readonly canRollBackTo: boolean;
}

/** One entry of a deployment's journal. `sequence` counts from 1 without a hole: it is the cursor to resume at. */
export type DeploymentEntry = { readonly sequence: number; readonly timeMs: number } & (
  | { readonly kind: 'log'; readonly stream: 'stdout' | 'stderr' | 'system'; readonly text: string }
  /** Anything but the log changed; this is how it is from now on. */
  | { readonly kind: 'state'; readonly deployment: Deployment }
);
