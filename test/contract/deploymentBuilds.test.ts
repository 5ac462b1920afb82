import { dockerPluginsOrSkip, toolsWithoutPlugins, toolsWithPlugins } from '../support/dockerPlugins';
import { checkForLeaks } from '../support/leaks';
import { testEngineOrSkip } from '../support/testEngine';
import { deploymentBuildContract, type BuilderUnderTest } from './deploymentBuildContract';

const CLASSIC: BuilderUnderTest = {
  toolsOrSkip: () => toolsWithoutPlugins(),
  failedStep: (exitCode) => new RegExp(`returned a non-zero code: ${exitCode}`),
  isCached: (log) => log.includes('Using cache'),
  missingDockerfile: /Cannot locate specified Dockerfile: Dockerfile/,
  hasSecretMounts: false,
};

const BUILDKIT: BuilderUnderTest = {
  toolsOrSkip: (context, { folder }) => toolsWithPlugins(dockerPluginsOrSkip(context), folder),
  failedStep: (exitCode) => new RegExp(`exit code: ${exitCode}$`),
  isCached: (log) => /RUN .* \(cached\)$/m.test(log),
  missingDockerfile: /failed to read dockerfile: open Dockerfile: no such file/,
  hasSecretMounts: true,
};

describe('builds of deployments on a real engine', function () {
  this.timeout(120_000);
  checkForLeaks();

  // Hooks of an inner suite run before the check.
  describe('with the classic builder', () => {
    before(function () {
      testEngineOrSkip(this);
    });
    deploymentBuildContract(CLASSIC);
  });

  describe('with BuildKit', () => {
    before(function () {
      testEngineOrSkip(this);
      dockerPluginsOrSkip(this);
    });
    deploymentBuildContract(BUILDKIT);
  });
});
