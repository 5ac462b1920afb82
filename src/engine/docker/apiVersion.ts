import { EngineError } from '../engine';

/** The oldest API version this client is tested with: Docker 20.10, Podman 4. */
export const OLDEST_API_VERSION = '1.41';
/** The newest API version this client knows. */
export const NEWEST_API_VERSION = '1.52';

/**
 * The version to speak with an engine: its own newest, but none newer than ours.
 *
 * @param theirs the engine's newest version, like `1.47`
 * @throws EngineError `unsupportedVersion` when theirs is older than any this client speaks
 */
export function negotiateApiVersion(theirs: string): string {
  if (!/^\d+\.\d+$/.test(theirs)) {
    throw new EngineError(
      'badResponse',
      `The engine names its API version "${theirs.slice(0, 20)}", which is none.`,
    );
  }
  if (compareVersions(theirs, OLDEST_API_VERSION) < 0) {
    const needed = `${OLDEST_API_VERSION} or newer is needed. Update it to Docker 20.10, Podman 4 or newer.`;
    throw new EngineError('unsupportedVersion', `The engine speaks API version ${theirs}; ${needed}`);
  }
  return compareVersions(theirs, NEWEST_API_VERSION) < 0 ? theirs : NEWEST_API_VERSION;
}

function compareVersions(left: string, right: string): number {
  return parts(left).major - parts(right).major || parts(left).minor - parts(right).minor;
}

function parts(version: string): { readonly major: number; readonly minor: number } {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return { major, minor };
}
