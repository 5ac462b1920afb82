import * as v from 'valibot';
import type {
  Deployment,
  DeploymentEntry,
  DeploymentSpec,
  DeploymentStage,
  DeploymentStatus,
  OldVersionFate,
} from '../model/deployment';
import { CountSchema, ShortTextSchema } from './schemas';

const LONGEST_ID = 128;
const LONGEST_TEXT = 4_096;
const MOST_ITEMS = 1_000;
const HIGHEST_PORT = 65_535;
const DEPLOYMENT_ID = /^[A-Za-z0-9_.-]+$/;

/** Safe in a file name and in a URL. */
export const DeploymentIdSchema = v.pipe(v.string(), v.maxLength(LONGEST_ID), v.regex(DEPLOYMENT_ID));

const TextSchema = v.pipe(v.string(), v.maxLength(LONGEST_TEXT));
const FilledTextSchema = v.pipe(TextSchema, v.minLength(1));
/** Values of the environment and of build arguments may be whole files. The message's own limit holds. */
const ValuesSchema = v.pipe(v.record(FilledTextSchema, v.string()), v.maxEntries(MOST_ITEMS));
const TextsSchema = v.pipe(v.array(TextSchema), v.maxLength(MOST_ITEMS));
const PortNumberSchema = v.pipe(CountSchema, v.minValue(1), v.maxValue(HIGHEST_PORT));

const SourceSchema = v.variant('kind', [
  v.object({
    kind: v.literal('git'),
    repository: FilledTextSchema,
    ref: v.exactOptional(FilledTextSchema),
    folder: v.exactOptional(TextSchema),
  }),
  v.object({ kind: v.literal('folder'), folder: TextSchema }),
  v.object({
    kind: v.literal('image'),
    image: FilledTextSchema,
    pull: v.picklist(['always', 'missing', 'never']),
  }),
  v.object({
    kind: v.literal('compose'),
    files: TextsSchema,
    folder: TextSchema,
    project: v.exactOptional(FilledTextSchema),
    services: v.exactOptional(TextsSchema),
  }),
]);

const BuildSchema = v.object({
  dockerfile: v.exactOptional(FilledTextSchema),
  target: v.exactOptional(FilledTextSchema),
  args: v.exactOptional(ValuesSchema),
  secretArgs: v.exactOptional(TextsSchema),
});

const PublishedPortSchema = v.object({
  containerPort: PortNumberSchema,
  hostPort: v.exactOptional(v.pipe(CountSchema, v.maxValue(HIGHEST_PORT))),
  hostAddress: v.exactOptional(ShortTextSchema),
  protocol: v.exactOptional(v.picklist(['tcp', 'udp', 'sctp'])),
});

const RUN_ENTRIES = {
  name: v.exactOptional(FilledTextSchema),
  command: v.exactOptional(v.pipe(v.array(v.string()), v.maxLength(MOST_ITEMS))),
  ports: v.exactOptional(v.pipe(v.array(PublishedPortSchema), v.maxLength(MOST_ITEMS))),
  environment: v.exactOptional(ValuesSchema),
  volumes: v.exactOptional(TextsSchema),
  networks: v.exactOptional(TextsSchema),
  restart: v.exactOptional(v.picklist(['no', 'always', 'unless-stopped', 'on-failure'])),
  labels: v.exactOptional(ValuesSchema),
  memoryBytes: v.exactOptional(CountSchema),
};

const SPEC_ENTRIES = {
  app: v.pipe(v.string(), v.minLength(1), v.maxLength(LONGEST_ID)),
  source: SourceSchema,
  build: v.exactOptional(BuildSchema),
  health: v.exactOptional(
    v.object({
      command: v.exactOptional(FilledTextSchema),
      intervalMs: v.exactOptional(CountSchema),
      timeoutMs: v.exactOptional(CountSchema),
      stableMs: v.exactOptional(CountSchema),
    }),
  ),
};

/** The model's `DeploymentSpec`, as `POST /v1/deployments` takes it. */
export const DeploymentSpecSchema = v.object({
  ...SPEC_ENTRIES,
  run: v.exactOptional(
    v.object({ ...RUN_ENTRIES, cpus: v.exactOptional(v.pipe(v.number(), v.finite(), v.minValue(0))) }),
  ),
}) satisfies v.GenericSchema<unknown, DeploymentSpec>;

/** The same as signed commands carry it: all numbers are integers, so that `run.cpus` is `run.nanoCpus`. */
export const WireSpecSchema = v.object({
  ...SPEC_ENTRIES,
  run: v.exactOptional(v.object({ ...RUN_ENTRIES, nanoCpus: v.exactOptional(CountSchema) })),
});

/** A spec as commands carry it. Never mutated. */
export type WireSpec = Frozen<v.InferOutput<typeof WireSpecSchema>>;
type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T;

const NANO = 1_000_000_000;

export function specToWire({ run, ...rest }: DeploymentSpec): WireSpec {
  if (!run) return rest;
  const { cpus, ...others } = run;
  return { ...rest, run: { ...others, ...(cpus !== undefined && { nanoCpus: Math.round(cpus * NANO) }) } };
}

export function specFromWire({ run, ...rest }: WireSpec): DeploymentSpec {
  if (!run) return rest;
  const { nanoCpus, ...others } = run;
  return { ...rest, run: { ...others, ...(nanoCpus !== undefined && { cpus: nanoCpus / NANO }) } };
}

/** Statuses, stages and kinds of a newer agent are shown, never refused. */
const StatusSchema = v.pipe(
  ShortTextSchema,
  v.transform((status) => status as DeploymentStatus),
);
const StageSchema = v.pipe(
  ShortTextSchema,
  v.transform((stage) => stage as DeploymentStage),
);
const SourceKindSchema = v.pipe(
  ShortTextSchema,
  v.transform((kind) => kind as Deployment['sourceKind']),
);

const FailureSchema = v.object({
  stage: StageSchema,
  message: v.string(),
  lastLines: v.array(v.string()),
  exitCode: v.exactOptional(v.number()),
  outOfMemory: v.exactOptional(v.boolean()),
  healthOutput: v.exactOptional(v.string()),
});

const OldVersionSchema = v.pipe(
  ShortTextSchema,
  v.transform((fate) => fate as OldVersionFate),
);

export const DeploymentSchema = v.object({
  id: DeploymentIdSchema,
  app: v.string(),
  sourceKind: SourceKindSchema,
  sourceText: v.string(),
  startedBy: v.string(),
  project: v.exactOptional(v.string()),
  commandId: v.exactOptional(ShortTextSchema),
  createdAtMs: v.number(),
  endedAtMs: v.exactOptional(v.number()),
  status: StatusSchema,
  stage: StageSchema,
  progress: v.pipe(v.number(), v.minValue(0), v.maxValue(100)),
  message: v.string(),
  stages: v.array(
    v.object({ stage: StageSchema, startedAtMs: v.number(), endedAtMs: v.exactOptional(v.number()) }),
  ),
  imageId: v.exactOptional(v.string()),
  commit: v.exactOptional(v.string()),
  failure: v.exactOptional(FailureSchema),
  oldVersion: v.exactOptional(OldVersionSchema),
  rollBackTo: v.exactOptional(DeploymentIdSchema),
  isHandedOver: v.exactOptional(v.boolean()),
  canRollBackTo: v.boolean(),
}) satisfies v.GenericSchema<unknown, Deployment>;

const PLACE = { sequence: v.pipe(CountSchema, v.minValue(1)), timeMs: v.number() };

/** Kinds of entries that a newer agent knows are refused here: a hole in the sequence must not go unnoticed. */
export const DeploymentEntrySchema = v.variant('kind', [
  v.object({
    ...PLACE,
    kind: v.literal('log'),
    stream: v.picklist(['stdout', 'stderr', 'system']),
    text: v.string(),
  }),
  v.object({ ...PLACE, kind: v.literal('state'), deployment: DeploymentSchema }),
]) satisfies v.GenericSchema<unknown, DeploymentEntry>;
