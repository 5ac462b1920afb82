import assert from 'node:assert/strict';
import { secretsOf, sourceText, withoutSecrets } from '../../src/deploy/secrets';
import type { DeploymentSpec } from '../../src/model/deployment';
import { holdsPassword, splitRepository } from '../../src/model/repositoryAddress';

describe('the address of a repository', () => {
  it('is known without its password, in whatever form that stands there', () => {
    const plain: Readonly<Record<string, string>> = {
      'https://me:hidden@h/x': 'https://h/x',
      'https://hidden@h/x': 'https://h/x',
      ' https://me:hidden@h/x': 'https://h/x',
      'https://me:p@hidden@h/x@1': 'https://h/x@1',
      'https://me:pass/hidden@h/x': 'https://…',
      'https://me:pass?hidden@h/x': 'https://…',
      'ssh://git@h/x': 'ssh://git@h/x',
      'ssh://git:hidden@h:22/x': 'ssh://git@h:22/x',
      'git+ssh://me:hidden@h/x': 'git+ssh://me@h/x',
      'ssh+git://me:hidden@h/x': 'ssh+git://me@h/x',
      'file://me:hidden@h/x': 'file://me@h/x',
      'git@h:x': 'git@h:x',
      'https://h/@scope/x': 'https://h/@scope/x',
      'https://[::1]:8443/x': 'https://[::1]:8443/x',
      'https://${env:HOST}/x': 'https://${env:HOST}/x',
      '/srv/me:x@y': '/srv/me:x@y',
    };
    for (const [repository, expected] of Object.entries(plain)) {
      assert.equal(splitRepository(repository).plain, expected);
      const spec: DeploymentSpec = { app: 'web', source: { kind: 'git', repository } };
      assert.doesNotMatch(
        `${JSON.stringify(withoutSecrets(spec))} ${sourceText(spec)}`,
        /hidden/,
        repository,
      );
      const mustHide = repository.includes('hidden') && !expected.includes('…');
      const isKnown = secretsOf(spec).some((secret) => secret.includes('hidden'));
      assert.equal(isKnown, mustHide, repository);
    }
  });

  it('is handed to Git with its password unless ssh would be, on its command line', () => {
    assert.equal(splitRepository('https://me:p@ss@h/x').secretBase, 'https://me:p%40ss@h/');
    assert.equal(splitRepository('ssh://me:pass@h/x').secretBase, undefined);
    assert.equal(splitRepository('git+ssh://me:pass@h/x').secretBase, undefined);
  });

  it('is kept in files only where it names a variable at most', () => {
    for (const repository of ['https://me:pass@h/x', 'https://token@h/x', 'git+ssh://me:pass@h/x'])
      assert.equal(holdsPassword(repository), true, repository);
    for (const repository of [
      'https://h/x',
      'https://me:${env:PASSWORD}@h/x',
      'https://${env:TOKEN}@h/x',
      'git@h:x',
      'ssh://git@h/x',
    ])
      assert.equal(holdsPassword(repository), false, repository);
  });
});
