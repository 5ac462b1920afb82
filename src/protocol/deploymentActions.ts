import * as v from 'valibot';
import { DeploymentIdSchema, DeploymentSchema, WireSpecSchema } from './deploymentSchemas';
import { LIMITS } from './limits';
import { Bytes32Schema, CountSchema, StreamIdSchema } from './schemas';

const UPLOAD_ID = /^[A-Za-z0-9_-]{16,64}$/;

const NothingSchema = v.object({});
const StreamSchema = v.object({ stream: StreamIdSchema });
const OneDeploymentSchema = v.object({ deployment_id: DeploymentIdSchema });
const DeploymentResultSchema = v.object({ deployment: DeploymentSchema });
const UploadIdSchema = v.pipe(v.string(), v.regex(UPLOAD_ID));

const CHANNEL = 'deployment';

/** Changes something: signed, and run at most once. */
const CHANGING = { channel: CHANNEL, role: 'operator', isSigned: true } as const;
const LOOKING = { channel: CHANNEL, role: 'viewer', isSigned: false } as const;

/** What a client may ask about deployments; part of the table "Commands" of PROTOCOL.md. */
export const DEPLOYMENT_COMMANDS = {
  watch_deployments: { ...LOOKING, data: NothingSchema, result: NothingSchema },
  unwatch_deployments: { ...LOOKING, data: NothingSchema, result: NothingSchema },
  list_deployments: {
    ...LOOKING,
    data: v.object({
      app: v.exactOptional(v.string()),
      before: v.exactOptional(DeploymentIdSchema),
      limit: v.pipe(CountSchema, v.minValue(1), v.maxValue(LIMITS.maxDeploymentsPerPage)),
    }),
    result: v.object({ deployments: v.array(DeploymentSchema), hasMore: v.boolean() }),
  },
  read_deployment_spec: { ...LOOKING, data: OneDeploymentSchema, result: v.object({ spec: WireSpecSchema }) },
  start_deployment_stream: {
    ...LOOKING,
    data: v.object({
      stream: StreamIdSchema,
      deployment_id: DeploymentIdSchema,
      after: CountSchema,
      credit: CountSchema,
      /** Of the names an agent does not know, it uses none. */
      compression: v.exactOptional(v.string()),
    }),
    result: NothingSchema,
  },
  stop_deployment_stream: { ...LOOKING, data: StreamSchema, result: NothingSchema },
  start_upload: {
    channel: CHANNEL,
    role: 'operator',
    isSigned: false,
    data: v.object({ stream: StreamIdSchema, upload: UploadIdSchema, credit: CountSchema }),
    result: v.object({ credit: CountSchema }),
  },
  stop_upload: {
    channel: CHANNEL,
    role: 'operator',
    isSigned: false,
    data: v.object({ upload: UploadIdSchema }),
    result: NothingSchema,
  },
  start_deployment: {
    ...CHANGING,
    data: v.object({
      spec: WireSpecSchema,
      context: v.exactOptional(v.object({ upload: UploadIdSchema, sha256: Bytes32Schema })),
    }),
    result: DeploymentResultSchema,
  },
  cancel_deployment: { ...CHANGING, data: OneDeploymentSchema, result: NothingSchema },
  retry_deployment: { ...CHANGING, data: OneDeploymentSchema, result: DeploymentResultSchema },
  roll_back_deployment: { ...CHANGING, data: OneDeploymentSchema, result: DeploymentResultSchema },
} as const;

/** What an agent tells of deployments to who watches them; part of the table "Events" of PROTOCOL.md. */
export const DEPLOYMENT_EVENTS = {
  deployment_list: {
    channel: CHANNEL,
    data: v.object({ part: CountSchema, last: v.boolean(), deployments: v.array(DeploymentSchema) }),
  },
  deployment_state_change: {
    channel: CHANNEL,
    data: v.object({ updated: v.array(DeploymentSchema), removed: v.array(DeploymentIdSchema) }),
  },
} as const;
