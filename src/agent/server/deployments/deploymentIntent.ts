import * as v from 'valibot';
import type { CommandOf } from '../../../protocol/messages';

/** What the journal of commands and the audit log keep of a command: nothing of a spec but its app and kind of source. */
export type DeploymentIntent =
  | { readonly kind: 'startDeployment'; readonly app: string; readonly source: string }
  | {
      readonly kind: 'cancelDeployment' | 'retryDeployment' | 'rollBackDeployment';
      readonly deployment: string;
    };

export const DeploymentIntentSchema = v.variant('kind', [
  v.object({ kind: v.literal('startDeployment'), app: v.string(), source: v.string() }),
  v.object({
    kind: v.picklist(['cancelDeployment', 'retryDeployment', 'rollBackDeployment']),
    deployment: v.string(),
  }),
]);

const KINDS = {
  cancel_deployment: 'cancelDeployment',
  retry_deployment: 'retryDeployment',
  roll_back_deployment: 'rollBackDeployment',
} as const;

type Changing =
  CommandOf<'start_deployment'> | { [A in keyof typeof KINDS]: CommandOf<A> }[keyof typeof KINDS];

export function intentOf(command: Changing): DeploymentIntent {
  if (command.action === 'start_deployment') {
    const { app, source } = command.data.spec;
    return { kind: 'startDeployment', app, source: source.kind };
  }
  return { kind: KINDS[command.action], deployment: command.data.deployment_id };
}
