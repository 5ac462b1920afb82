import { existsSync } from 'node:fs';
import { dockerPluginsOrSkip, toolsWithoutPlugins, toolsWithPlugins } from '../support/dockerPlugins';
import { checkForLeaks } from '../support/leaks';
import { skipWithReason } from '../support/skip';
import { testEngineOrSkip } from '../support/testEngine';
import { deploymentComposeContract, type ComposeUnderTest } from './deploymentComposeContract';

const COMPOSE_1 = '/usr/bin/docker-compose';

const ONE: ComposeUnderTest = {
  toolsOrSkip: () => ({ ...toolsWithoutPlugins(), dockerCompose: COMPOSE_1 }),
  separator: '_',
  failedStep: (exitCode) => new RegExp(`Compose could not build: .*returned a non-zero code: ${exitCode}$`),
};

const TWO: ComposeUnderTest = {
  toolsOrSkip: (context, { folder }) => toolsWithPlugins(dockerPluginsOrSkip(context), folder),
  separator: '-',
  failedStep: (exitCode) => new RegExp(`Compose could not build: .*exit code: ${exitCode}$`),
};

describe('deployments with Compose on a real engine', function () {
  this.timeout(120_000);
  checkForLeaks();

  // Hooks of an inner suite run before the check.
  describe('by version 1.29', () => {
    before(function () {
      testEngineOrSkip(this);
      if (!existsSync(COMPOSE_1)) skipWithReason(this, `there is no ${COMPOSE_1}`);
    });
    deploymentComposeContract(ONE);
  });

  describe('by version 2', () => {
    before(function () {
      testEngineOrSkip(this);
      dockerPluginsOrSkip(this);
    });
    deploymentComposeContract(TWO);
  });
});
