import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { machineTools } from '../../src/deploy/machineTools';
import type { Tools } from '../../src/deploy/step';
import { skipWithReason, type Skippable } from './skip';

const NO_PROGRAM = 'no-such-program';

/** For a `before` hook: the folder of buildx and Compose 2, or all tests of the suite are skipped with the reason. */
export function dockerPluginsOrSkip(context: Skippable): string {
  const why = process.env['QUAYWATCH_NO_TEST_DOCKER_PLUGINS'];
  return (
    process.env['QUAYWATCH_TEST_DOCKER_PLUGINS'] ??
    skipWithReason(
      context,
      why ?? 'no plugins of the docker CLI: npm test has them, for an engine of its own',
    )
  );
}

/** The programs of a machine whose docker CLI has BuildKit and Compose 2, and no other Compose. */
export function toolsWithPlugins(plugins: string, folder: string): Tools {
  const dockerConfig = join(folder, 'docker-config');
  mkdirSync(dockerConfig);
  symlinkSync(plugins, join(dockerConfig, 'cli-plugins'));
  const tools = machineTools();
  return {
    ...tools,
    dockerCompose: NO_PROGRAM,
    environment: { ...tools.environment, DOCKER_CONFIG: dockerConfig },
  };
}

/** Those of a machine without a docker CLI: the engine's classic builder, and Compose 1.29. */
export function toolsWithoutPlugins(): Tools {
  return { ...machineTools(), docker: NO_PROGRAM };
}
