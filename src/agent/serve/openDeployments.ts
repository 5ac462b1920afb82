import { messageOf } from '../../base/errors';
import { HostDeploymentsRunner } from './hostDeployments';
import type { OpenDeployments } from './startAgent';

/** Opens the deployments of this machine; what an earlier agent left unfinished is taken over once the engine is there. */
export const openDeployments: OpenDeployments = ({ state, engine, log }) => {
  const runner = new HostDeploymentsRunner({ folder: state.deploymentsFolder, engine, log });
  runner.recover().catch((error: unknown) => log.error(`The deployments can't be read: ${messageOf(error)}`));
  return Promise.resolve({
    deployments: runner.deployments,
    close: () => {
      runner.dispose();
      return Promise.resolve();
    },
  });
};
