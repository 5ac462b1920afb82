import assert from 'node:assert/strict';
import { readContainer } from '../../src/engine/docker/containerList';

const ID = 'a'.repeat(64);
const NOW_MS = 1_800_000_000_000;

function read(fields: object) {
  const container = readContainer({ Id: ID, ...fields }, NOW_MS);
  assert.ok(container);
  return container;
}

describe('readContainer', () => {
  it('reads an entry of Docker 20.10', () => {
    const container = read({
      Names: ['/other/db', '/shop-db-1'],
      Image: 'postgres:16',
      ImageID: 'sha256:1234',
      Command: 'docker-entrypoint.sh postgres',
      Created: 1_700_000_000,
      Ports: [
        { IP: '0.0.0.0', PrivatePort: 5432, PublicPort: 15432, Type: 'tcp' },
        { PrivatePort: 8080, Type: 'tcp' },
      ],
      Labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'db' },
      State: 'running',
      Status: 'Up 2 hours (healthy)',
    });
    assert.deepEqual(container, {
      id: ID,
      name: 'shop-db-1',
      image: 'postgres:16',
      imageId: 'sha256:1234',
      command: 'docker-entrypoint.sh postgres',
      createdAtMs: 1_700_000_000_000,
      state: 'running',
      statusText: 'Up 2 hours (healthy)',
      health: 'healthy',
      stateSinceMs: NOW_MS - 7_200_000,
      compose: { project: 'shop', service: 'db', replica: 1 },
      ports: [
        { containerPort: 5432, protocol: 'tcp', hostPort: 15432, hostAddress: '0.0.0.0' },
        { containerPort: 8080, protocol: 'tcp' },
      ],
      labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'db' },
    });
  });

  it('reads what Podman words otherwise', () => {
    const container = read({
      Created: '2023-11-14T22:13:20Z',
      Command: ['sleep', '1'],
      State: 'Exited',
      Names: ['x'],
    });
    assert.equal(container.createdAtMs, 1_700_000_000_000);
    assert.equal(container.command, 'sleep 1');
    assert.equal(container.state, 'exited');
    assert.equal(read({ State: 'stopped' }).state, 'exited');
  });

  it('takes health from its own field, where API 1.52 has it', () => {
    assert.equal(
      read({ State: 'running', Status: 'Up', Health: { Status: 'unhealthy' } }).health,
      'unhealthy',
    );
    assert.equal(read({ State: 'running', Status: 'Up 1 second (health: starting)' }).health, 'starting');
    assert.equal(
      read({ State: 'running', Status: 'Up 1 second', Health: { Status: 'none' } }).health,
      undefined,
    );
  });

  it('reads exit codes and ages out of the status', () => {
    const cases: [string, number | undefined, number | undefined][] = [
      ['Exited (137) 5 minutes ago', 137, 300_000],
      ['Exited (0) About an hour ago', 0, 3_600_000],
      ['Up Less than a second', undefined, 0],
      ['Up About a minute (unhealthy)', undefined, 60_000],
      ['Restarting (1) 3 seconds ago', 1, 3_000],
      ['Created', undefined, undefined],
      ['', undefined, undefined],
    ];
    for (const [Status, exitCode, ageMs] of cases) {
      const container = read({ Status });
      assert.equal(container.exitCode, exitCode, Status);
      assert.equal(container.stateSinceMs, ageMs === undefined ? undefined : NOW_MS - ageMs, Status);
    }
  });

  it('shows states it does not know', () => {
    assert.equal(read({ State: 'hibernating' }).state, 'hibernating');
  });

  it('survives missing, strange and hostile fields', () => {
    assert.equal(readContainer(undefined, NOW_MS), undefined);
    assert.equal(readContainer({ Names: ['/x'] }, NOW_MS), undefined);
    assert.equal(readContainer({ Id: '' }, NOW_MS), undefined);
    const bare = read({});
    assert.deepEqual([bare.name, bare.state, bare.ports, bare.labels], ['a'.repeat(12), '', [], {}]);
    const strange = read({
      Names: 'web',
      Ports: [null, 3, { PrivatePort: '80' }],
      Labels: { a: 1, b: 'two' },
      State: 7,
    });
    assert.deepEqual([strange.ports, strange.labels], [[], { b: 'two' }]);
  });
});
