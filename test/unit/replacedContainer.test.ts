import assert from 'node:assert/strict';
import { readContainerDetails } from '../../src/engine/docker/deployJson';
import type { Container } from '../../src/model/container';
import type { DeploymentSpec } from '../../src/model/deployment';
import { foreignContainer } from '../../src/model/replacedContainer';

function container(name: string, labels: Readonly<Record<string, string>> = {}): Container {
  return {
    id: name,
    name,
    labels,
    image: '',
    imageId: '',
    command: '',
    createdAtMs: 0,
    state: 'running',
    statusText: '',
    ports: [],
  };
}

describe('a container that a deployment replaces', () => {
  it('is told of before it is, where no deployment made it', () => {
    const spec: DeploymentSpec = { app: 'web', source: { kind: 'folder', folder: '/x' } };
    const all = [container('web'), container('api', { 'dev.quaywatch.app': 'api' }), container('db')];
    assert.equal(foreignContainer(spec, all)?.name, 'web');
    assert.equal(foreignContainer({ ...spec, run: { name: 'db' } }, all)?.name, 'db');
    assert.equal(foreignContainer({ ...spec, app: 'api' }, all), undefined);
    assert.equal(foreignContainer({ ...spec, app: 'new' }, all), undefined);
    const compose = { kind: 'compose', folder: '/x', files: ['compose.yaml'] } as const;
    assert.equal(foreignContainer({ ...spec, source: compose }, all), undefined);
  });

  it('tells whether it would be gone when it is stopped, or started again', () => {
    const details = { Id: '1', State: {}, HostConfig: { AutoRemove: true } };
    assert.equal(readContainerDetails(details).removesItself, true);
    assert.equal(readContainerDetails({ ...details, HostConfig: {} }).removesItself, false);
    const HostConfig = { RestartPolicy: { Name: 'always', MaximumRetryCount: 0 } };
    assert.equal(readContainerDetails({ ...details, HostConfig }).restartPolicy, 'always');
  });
});
