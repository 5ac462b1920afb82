import type { EngineInfo } from '../../engine/engine';

/**
 * The environment in which Docker's command-line programs reach the same engine: as this process does, whoever named its
 * address.
 */
export function cliEnvironment(environment: NodeJS.ProcessEnv, info: EngineInfo): NodeJS.ProcessEnv {
  const others = { ...environment };
  delete others['DOCKER_HOST'];
  delete others['DOCKER_CONTEXT'];
  if (info.source === 'DOCKER_HOST') return { ...others, DOCKER_HOST: environment['DOCKER_HOST'] };
  const context = /^context (.+)$/.exec(info.source)?.[1];
  if (context !== undefined) return { ...others, DOCKER_CONTEXT: context };
  return { ...others, DOCKER_HOST: info.address.replace(/^https:/, 'tcp:') };
}
