import type { Disposable } from '../../../base/lifecycle';
import type { DeploymentOrigin, Deployments } from '../../../engine/deployments';
import type { Deployment } from '../../../model/deployment';
import { specFromWire } from '../../../protocol/deploymentSchemas';
import type { JsonObject } from '../../../protocol/envelope';
import type { CommandOf } from '../../../protocol/messages';
import { AgentError } from '../wireErrors';
import type { SessionUploads } from './sessionUploads';
import type { UploadKeeper } from './uploadKeeper';
import type { Upload } from './uploadStore';

type Changing =
  | CommandOf<'start_deployment'>
  | CommandOf<'cancel_deployment'>
  | CommandOf<'retry_deployment'>
  | CommandOf<'roll_back_deployment'>;

export interface DeploymentWork extends Disposable {
  /** @throws AgentError where it can't be done, so that it is not even begun */
  prepare(): void;
  execute(): Promise<JsonObject>;
}

/** Carries out one command. What was uploaded for it is kept until the deployment is over, if one began. */
export function runDeployment(
  deployments: () => Deployments,
  held: { readonly uploads: SessionUploads | undefined; readonly keeper: UploadKeeper | undefined },
  command: Changing,
  origin: DeploymentOrigin,
): DeploymentWork {
  let upload: Upload | undefined;
  return {
    prepare: () => {
      deployments();
      if (command.action === 'start_deployment') upload = uploadFor(command, held.uploads);
    },
    execute: async () => {
      const result = await execute(deployments(), command, origin, upload);
      const id = result['deployment_id'];
      if (!upload || !held.keeper || typeof id !== 'string') return result;
      held.keeper.keep(id, upload);
      upload = undefined;
      return result;
    },
    dispose: () => upload?.dispose(),
  };
}

async function execute(
  deployments: Deployments,
  command: Changing,
  origin: DeploymentOrigin,
  upload: Upload | undefined,
): Promise<JsonObject> {
  switch (command.action) {
    case 'start_deployment': {
      const spec = specFromWire(command.data.spec);
      const context = upload && ((): AsyncIterable<Uint8Array> => upload.read());
      return resultOf(await deployments.start({ spec, ...(context && { context }), origin }));
    }
    case 'cancel_deployment':
      await deployments.cancel(command.data.deployment_id);
      return {};
    case 'retry_deployment':
      return resultOf(await deployments.retry(command.data.deployment_id, origin));
    case 'roll_back_deployment':
      return resultOf(await deployments.rollBackTo(command.data.deployment_id, origin));
  }
}

function resultOf({ id }: Deployment): JsonObject {
  return { deployment_id: id };
}

/** A folder is one of the client's machine: without its content there is nothing to deploy. */
function uploadFor(
  { data: { spec, context } }: CommandOf<'start_deployment'>,
  uploads: SessionUploads | undefined,
): Upload | undefined {
  const needsContext = spec.source.kind === 'folder' || spec.source.kind === 'compose';
  if (needsContext !== (context !== undefined))
    throw new AgentError(
      'badRequest',
      needsContext ? 'A folder must be uploaded.' : 'This kind of source takes no upload.',
    );
  return context && uploads?.take(context.upload, context.sha256);
}
