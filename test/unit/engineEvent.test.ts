import assert from 'node:assert/strict';
import { changesContainer, readEvent, removesContainer } from '../../src/engine/docker/engineEvent';

const ID = 'b'.repeat(64);

function read(fields: object) {
  const event = readEvent(JSON.stringify({ Type: 'container', ...fields }));
  assert.ok(event);
  return event;
}

describe('readEvent', () => {
  it('reads events of API 1.41 and of 1.52, which has no status, id and from', () => {
    const common = { Action: 'die', Actor: { ID, Attributes: { exitCode: '137', name: 'web' } } };
    for (const event of [
      read({ ...common, timeNano: 1_500_000_000, status: 'die', id: ID, from: 'busybox' }),
      read({ ...common, timeNano: 1_500_000_000 }),
    ]) {
      assert.deepEqual(event, {
        containerId: ID,
        action: 'die',
        attributes: { exitCode: '137', name: 'web' },
        atSeconds: 1.5,
      });
    }
  });

  it('reads health as Docker and as Podman tell it', () => {
    assert.equal(read({ Action: 'health_status: unhealthy', Actor: { ID } }).health, 'unhealthy');
    assert.equal(read({ Action: 'health_status', HealthStatus: 'healthy', Actor: { ID } }).health, 'healthy');
  });

  it('knows what changes a container and what does not', () => {
    for (const action of ['start', 'oom', 'rename', 'health_status: healthy', 'something new']) {
      assert.ok(changesContainer(read({ Action: action, Actor: { ID } })), action);
    }
    for (const action of [
      'exec_create: sh -c true',
      'exec_start: sh',
      'exec_die',
      'top',
      'attach',
      'resize',
    ]) {
      assert.ok(!changesContainer(read({ Action: action, Actor: { ID } })), action);
    }
    assert.ok(removesContainer(read({ Action: 'destroy', Actor: { ID } })));
    assert.ok(removesContainer(read({ Action: 'remove', Actor: { ID } })));
  });

  it('passes over what is not about a container', () => {
    assert.equal(readEvent('{"Type":"image","Action":"pull","Actor":{"ID":"x"}}'), undefined);
    assert.equal(readEvent('{"Type":"container","Action":"die"}'), undefined);
    assert.equal(readEvent('[]'), undefined);
    assert.equal(readEvent('null'), undefined);
  });

  it('throws on what is no JSON', () => {
    assert.throws(() => readEvent('{"Type":'), SyntaxError);
  });
});
