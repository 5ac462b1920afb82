import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { signInEnvironment } from '../../src/deploy/sources/gitSource';

/** The address that Git itself would use for one that a repository's `.gitmodules` names. */
function addressFor(submodule: string, repository: string): string {
  const environment = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  return execFileSync('git', ['ls-remote', '--get-url', submodule], {
    cwd: tmpdir(),
    env: { ...environment, ...signInEnvironment(repository) },
    encoding: 'utf8',
  }).trim();
}

describe("the sign-in of a repository's address", () => {
  it('goes to its own server only, whatever a submodule is called', () => {
    const repository = 'https://alice:s3cret@host.example/team/web.git';
    assert.equal(
      addressFor('https://host.example/team/lib.git', repository),
      'https://alice:s3cret@host.example/team/lib.git',
    );
    for (const other of [
      'https://host.example.evil.example/x.git',
      'https://host.example:8443/x.git',
      'https://host.example@evil.example/x.git',
      'http://host.example/x.git',
    ])
      assert.equal(addressFor(other, repository), other);
    assert.equal(
      addressFor('https://host.example:8443/x', 'https://t0ken@host.example:8443/x'),
      'https://t0ken@host.example:8443/x',
    );
    assert.deepEqual(signInEnvironment('https://host.example/x'), {});
  });
});
