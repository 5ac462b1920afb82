import assert from 'node:assert/strict';
import { withoutEnvironment } from '../../src/agent/security/inspectView';
import { changesSomething, mayDo, seesEnvironment, type Action } from '../../src/agent/security/permissions';
import { describeScope, isInScope, parseLabelRule, type Scope } from '../../src/agent/security/scope';
import { inProject, makeContainer } from '../doubles/memoryEngine';

const SEEING: readonly Action[] = ['containers', 'logs', 'metrics', 'deployments', 'inspect'];
const OPERATING: readonly Action[] = ['start', 'stop', 'restart', 'pause', 'unpause', 'kill', 'deploy'];
const ADMINISTERING: readonly Action[] = ['rename', 'remove', 'exec'];
const ALL = [...SEEING, ...OPERATING, ...ADMINISTERING];

function allowed(rights: Parameters<typeof mayDo>[0]): readonly Action[] {
  return ALL.filter((action) => mayDo(rights, action));
}

describe('agent: permissions', () => {
  it('let each role do what those before it may, and more', () => {
    assert.deepEqual(allowed({ role: 'viewer' }), SEEING);
    assert.deepEqual(allowed({ role: 'operator' }), [...SEEING, ...OPERATING]);
    assert.deepEqual(allowed({ role: 'admin' }), ALL);
  });

  it('keep a scoped token from what no scope bounds', () => {
    const scope: Scope = { projects: ['shop'], labels: [] };
    const refused = ALL.filter((action) => !mayDo({ role: 'admin', scope }, action));
    assert.deepEqual(refused, ['deploy', 'rename']);
  });

  it('know which actions change something', () => {
    assert.deepEqual(
      ALL.filter((action) => !changesSomething(action)),
      SEEING,
    );
  });

  it('show viewers the names of environment variables only', () => {
    assert.equal(seesEnvironment({ role: 'viewer' }), false);
    assert.equal(seesEnvironment({ role: 'operator' }), true);
    const shown = withoutEnvironment({ Id: 'a', Config: { Image: 'web', Env: ['A=secret=x', 'B', 7] } });
    assert.deepEqual(shown, { Id: 'a', Config: { Image: 'web', Env: ['A=', 'B='] } });
  });

  it('show nothing of an environment in an unknown shape', () => {
    assert.deepEqual(withoutEnvironment({ Config: { Env: 'A=secret' } }), { Config: { Env: [] } });
    assert.deepEqual(withoutEnvironment({ Config: ['A=secret'] }), { Config: {} });
    assert.equal(withoutEnvironment(['A=secret']), undefined);
    assert.deepEqual(withoutEnvironment({ Id: 'a' }), { Id: 'a' });
  });
});

describe('agent: scope', () => {
  const scope: Scope = { projects: ['shop'], labels: [{ name: 'team', value: 'web' }, { name: 'public' }] };

  it('has what is in a project or carries a label', () => {
    assert.equal(isInScope(scope, makeContainer('a', inProject('shop', 'api'))), true);
    assert.equal(isInScope(scope, makeContainer('a', { labels: { team: 'web' } })), true);
    assert.equal(isInScope(scope, makeContainer('a', { labels: { public: '' } })), true);
  });

  it('has nothing else', () => {
    assert.equal(isInScope(scope, makeContainer('shop')), false);
    assert.equal(isInScope(scope, makeContainer('a', inProject('shop2', 'api'))), false);
    assert.equal(isInScope(scope, makeContainer('a', { labels: { team: 'webshop', Public: '1' } })), false);
    assert.equal(isInScope({ projects: [], labels: [] }, makeContainer('a')), false);
  });

  it('takes no label from an object’s prototype', () => {
    const labels: Scope = { projects: [], labels: [{ name: 'constructor' }, { name: '__proto__' }] };
    assert.equal(isInScope(labels, makeContainer('a')), false);
  });

  it('has all when there is none', () => {
    assert.equal(isInScope(undefined, makeContainer('a')), true);
  });

  it('is read from labels and said in words', () => {
    assert.deepEqual(parseLabelRule('a=b=c'), { name: 'a', value: 'b=c' });
    assert.deepEqual(parseLabelRule('a='), { name: 'a', value: '' });
    assert.deepEqual(parseLabelRule('a'), { name: 'a' });
    assert.equal(parseLabelRule('=b'), undefined);
    assert.equal(describeScope(scope), 'project shop, label team=web, label public');
    assert.equal(describeScope(undefined), 'everything');
  });
});
