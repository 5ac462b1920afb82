import * as v from 'valibot';
import type { PanelProtocol } from './envelope';

/** What the page of deployments shows in words. */
export const DEPLOYMENTS_TEXTS = [
  'running',
  'past',
  'nothingYet',
  'nothingYetHint',
  'nothingMatches',
  'deploy',
  'cancel',
  'cancelOf',
  'retry',
  'retryOf',
  'again',
  'againOf',
  'rollBackTo',
  'rollBackToOf',
  'compare',
  'compareOf',
  'openLog',
  'openLogOf',
  'showMore',
  'loading',
  'allHosts',
  'allApps',
  'filterHost',
  'filterApp',
  'logOf',
  'logEmpty',
  'logSkipped',
  'follow',
  'logFailed',
  'startedBy',
  'runsAgain',
  'runsEarlier',
  'commit',
  'image',
  'stages',
  'failedIn',
  'exitCode',
  'outOfMemory',
  'healthOutput',
  'lastLines',
  'progressOf',
  'outOfDate',
  'announce',
  'untouched',
  'restored',
  'mayNot',
  'untrusted',
  'untrustedHint',
  'manageTrust',
  'pending',
  'building',
  'deploying',
  'success',
  'failed',
  'cancelled',
  'rolled_back',
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

export type DeploymentsText = (typeof DEPLOYMENTS_TEXTS)[number];

const MOST_ROWS = 5_000;
const MOST_LINES = 2_000;
const LONGEST_ID = 300;

const IdSchema = v.pipe(v.string(), v.minLength(1), v.maxLength(LONGEST_ID));

const FailureSchema = v.object({
  stage: v.string(),
  message: v.string(),
  lastLines: v.array(v.string()),
  exitCode: v.exactOptional(v.number()),
  outOfMemory: v.exactOptional(v.boolean()),
  healthOutput: v.exactOptional(v.string()),
});

/** Statuses and stages stay open: what a newer host says is shown as it says it. */
const DeploymentSchema = v.object({
  id: IdSchema,
  app: v.string(),
  sourceKind: v.string(),
  sourceText: v.string(),
  startedBy: v.string(),
  createdAtMs: v.number(),
  endedAtMs: v.exactOptional(v.number()),
  status: v.string(),
  stage: v.string(),
  progress: v.number(),
  message: v.string(),
  stages: v.array(
    v.object({ stage: v.string(), startedAtMs: v.number(), endedAtMs: v.exactOptional(v.number()) }),
  ),
  imageId: v.exactOptional(v.string()),
  commit: v.exactOptional(v.string()),
  failure: v.exactOptional(FailureSchema),
  oldVersion: v.exactOptional(v.string()),
  rollBackTo: v.exactOptional(v.string()),
  /** It was handed over to its host, which does not have it any more; nor has this window. */
  isHandedOver: v.exactOptional(v.boolean()),
  canRollBackTo: v.boolean(),
});

const RowSchema = v.object({ hostId: IdSchema, deployment: DeploymentSchema });

const HostSchema = v.object({
  id: IdSchema,
  name: v.string(),
  canDeploy: v.boolean(),
  /** Nothing is heard of it: what is shown is the last that was. */
  isAway: v.boolean(),
  /** Why what is shown of it may be out of date, or is not there. */
  trouble: v.exactOptional(v.string()),
});

/** A deployment, wherever it is. */
const PlaceSchema = v.object({ hostId: IdSchema, id: IdSchema });

const LineSchema = v.object({
  /** `stdout`, `stderr`, or `system` for the pipeline's own words. */
  stream: v.string(),
  text: v.string(),
});

const SnapshotSchema = v.object({
  place: v.picklist(['view', 'editor']),
  isTrusted: v.boolean(),
  hosts: v.array(HostSchema),
  /** Those that run or wait. The past comes afterwards. */
  running: v.pipe(v.array(RowSchema), v.maxLength(MOST_ROWS)),
});

const DeltaSchema = v.variant('kind', [
  v.object({ kind: v.literal('trusted') }),
  v.object({ kind: v.literal('hosts'), hosts: v.array(HostSchema) }),
  /** New, or other than before. */
  v.object({ kind: v.literal('changed'), rows: v.pipe(v.array(RowSchema), v.maxLength(MOST_ROWS)) }),
  /** Of those that ran, these are the only ones the host still has. */
  v.object({ kind: v.literal('running'), hostId: IdSchema, ids: v.array(IdSchema) }),
  /** A page of the past. */
  v.object({
    kind: v.literal('past'),
    rows: v.pipe(v.array(RowSchema), v.maxLength(MOST_ROWS)),
    /** Forget the past that is shown: the filter is another one. */
    isFresh: v.boolean(),
    hasMore: v.boolean(),
    /** Of all that were found so far, for the choice. */
    apps: v.array(v.string()),
  }),
  /** More of a log that is followed. `skippedLines` were before these lines and are not shown. */
  v.object({
    kind: v.literal('log'),
    place: PlaceSchema,
    /** The log begins anew: forget what was shown of it. */
    isFresh: v.boolean(),
    lines: v.pipe(v.array(LineSchema), v.maxLength(MOST_LINES)),
    skippedLines: v.number(),
    isEnded: v.boolean(),
    failure: v.exactOptional(v.string()),
  }),
]);

const ActionSchema = v.variant('kind', [
  v.object({ kind: v.picklist(['deploy', 'manageTrust', 'more']) }),
  v.object({
    kind: v.literal('filter'),
    hostId: v.exactOptional(IdSchema),
    app: v.exactOptional(v.string()),
  }),
  v.object({
    kind: v.picklist(['cancel', 'retry', 'rollBackTo', 'compare', 'openLog', 'follow', 'unfollow']),
    place: PlaceSchema,
  }),
]);

export type PageDeployment = v.InferOutput<typeof DeploymentSchema>;
export type DeploymentRow = v.InferOutput<typeof RowSchema>;
export type DeploymentPlace = v.InferOutput<typeof PlaceSchema>;
export type DeploymentHost = v.InferOutput<typeof HostSchema>;
export type DeploymentLine = v.InferOutput<typeof LineSchema>;
export type DeploymentsSnapshot = v.InferOutput<typeof SnapshotSchema>;
export type DeploymentsDelta = v.InferOutput<typeof DeltaSchema>;
export type DeploymentsAction = v.InferOutput<typeof ActionSchema>;

/** The newest lines of a log that are sent and kept; earlier ones are counted. */
export const MOST_LOG_LINES = MOST_LINES;

export const deploymentsProtocol: PanelProtocol<
  DeploymentsText,
  DeploymentsSnapshot,
  DeploymentsDelta,
  DeploymentsAction
> = { textKeys: DEPLOYMENTS_TEXTS, snapshot: SnapshotSchema, delta: DeltaSchema, action: ActionSchema };
