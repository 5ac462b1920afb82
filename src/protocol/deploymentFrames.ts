import * as v from 'valibot';
import type { DeploymentEntry } from '../model/deployment';
import { DeploymentEntrySchema, DeploymentIdSchema } from './deploymentSchemas';
import { decodeJsonBody } from './dataFrames';
import { CountSchema, WireErrorSchema } from './schemas';
import { encodeUtf8 } from './utf8';

const EntriesSchema = v.object({ entries: v.array(DeploymentEntrySchema) });

const EndedSchema = v.object({
  deployment_id: DeploymentIdSchema,
  error: v.exactOptional(WireErrorSchema),
});

const UploadEndedSchema = v.object({ bytes: CountSchema, error: v.exactOptional(WireErrorSchema) });

/** The body of `deployment_stream_ended`. Without an error all entries of a deployment that is over were sent. */
export type DeploymentStreamEnded = v.InferOutput<typeof EndedSchema>;
/** The body of `upload_ended`. Without an error the agent has all of it. */
export type UploadEnded = v.InferOutput<typeof UploadEndedSchema>;

/** The body of `deployment_entries`, of entries that were encoded one by one. */
export function encodeEntriesBody(entries: readonly string[]): Uint8Array<ArrayBuffer> {
  return encodeUtf8(`{"entries":[${entries.join(',')}]}`);
}

/** @throws ProtocolError `badFrame` */
export function decodeEntriesBody(body: Uint8Array): readonly DeploymentEntry[] {
  return decodeJsonBody(EntriesSchema, body).entries;
}

export function encodeDeploymentStreamEnded(body: DeploymentStreamEnded): Uint8Array<ArrayBuffer> {
  return encodeUtf8(JSON.stringify(body));
}

/** @throws ProtocolError `badFrame` */
export function decodeDeploymentStreamEnded(body: Uint8Array): DeploymentStreamEnded {
  return decodeJsonBody(EndedSchema, body);
}

export function encodeUploadEnded(body: UploadEnded): Uint8Array<ArrayBuffer> {
  return encodeUtf8(JSON.stringify(body));
}

/** @throws ProtocolError `badFrame` */
export function decodeUploadEnded(body: Uint8Array): UploadEnded {
  return decodeJsonBody(UploadEndedSchema, body);
}
