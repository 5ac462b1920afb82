import assert from 'node:assert/strict';
import { tellsJson } from '../../src/deploy/build/buildkit';
import { classicStep, stepContainer } from '../../src/deploy/build/classicProgress';
import { cliEnvironment } from '../../src/deploy/build/cliEnvironment';
import { atFraction, ended, inStage, newDeployment } from '../../src/deploy/deploymentState';
import { imageRepository, newName, oldName, plainName } from '../../src/deploy/naming';
import { DeploymentQueue } from '../../src/deploy/queue';
import { Redactor } from '../../src/deploy/redactor';
import { secretsOf, withoutSecrets } from '../../src/deploy/secrets';
import { checkSpec } from '../../src/deploy/specCheck';
import { gitFraction } from '../../src/deploy/sources/gitProgress';
import { PullProgress } from '../../src/deploy/sources/pullProgress';
import { registryOf } from '../../src/deploy/sources/registrySignIns';
import type { DeploymentSpec, DeploymentStage } from '../../src/model/deployment';

const SPEC: DeploymentSpec = { app: 'web', source: { kind: 'image', image: 'web:1', pull: 'missing' } };
const COMPOSE: DeploymentSpec['source'] = { kind: 'compose', folder: '/x', files: ['compose.yaml'] };

function fresh(): ReturnType<typeof newDeployment> {
  const { source } = SPEC;
  return newDeployment({ id: 'a', app: 'web', source, sourceText: 'web:1', startedBy: 'me', nowMs: 0 });
}

describe('the state of a deployment', () => {
  it('has percentages in the ranges of its statuses, and never goes back', () => {
    const stages: readonly DeploymentStage[] = [
      'cloning_repo',
      'building_image',
      'stopping_old',
      'starting_new',
      'health_check',
      'rolling_back',
    ];
    const ranges = { pending: [0, 0], building: [1, 75], deploying: [75, 90] } as const;
    let deployment = fresh();
    let least = 0;
    for (const stage of stages) {
      deployment = inStage(deployment, stage, '', 1);
      for (const fraction of [0.5, 0.2, 1, Number.NaN, 7, -1]) {
        deployment = atFraction(deployment, fraction);
        assert.ok(deployment.progress >= least, `${stage} ${fraction}`);
        least = deployment.progress;
      }
      const [from, to] = ranges[deployment.status as keyof typeof ranges];
      assert.ok(deployment.progress >= from && deployment.progress <= to, `${stage} ${deployment.progress}`);
      if (stage === 'cloning_repo') assert.ok(deployment.progress < 25);
      if (stage === 'building_image') assert.equal(deployment.progress, 75);
    }
    assert.equal(ended(deployment, { status: 'rolled_back', message: '', nowMs: 2 }).progress, 90);
    const over = ended(deployment, { status: 'success', message: '', nowMs: 2 });
    assert.deepEqual([over.progress, over.stage, over.endedAtMs], [100, 'completed', 2]);
    assert.ok(over.stages.every(({ endedAtMs }) => endedAtMs !== undefined));
  });

  it('reads how far Git, both builders and a pull are', () => {
    assert.equal(gitFraction('Receiving objects:  50% (1/2)'), 0.1 + 0.65 / 2);
    assert.equal(gitFraction('remote: Enumerating objects: 5, done.'), undefined);
    assert.deepEqual(classicStep('Step 3/8 : COPY a b'), { fraction: 0.25, message: 'Step 3/8: COPY a b' });
    assert.equal(classicStep(' ---> Running in 1786acb55bc8'), undefined);
    assert.equal(stepContainer(' ---> Running in 1786acb55bc8'), '1786acb55bc8');
    assert.equal(stepContainer('say ---> Running in 1786acb55bc8'), undefined);
    const pull = new PullProgress();
    pull.take({ layer: 'a', status: 'Pulling fs layer' });
    pull.take({ layer: 'b', status: 'Already exists' });
    pull.take({ layer: 'c', status: 'Pulling fs layer' });
    assert.equal(pull.text, '0 of 2 layers');
    const half = { layer: 'a', status: 'Downloading', currentBytes: 500_000, totalBytes: 1_000_000 };
    assert.equal(pull.take(half), 0.175);
    assert.equal(pull.take({ layer: 'a', status: 'Pull complete' }), 0.5);
    assert.equal(pull.text, '1 of 2 layers, 0.5 MB');
    assert.equal(new PullProgress().take({ layer: 'b', status: 'Already exists' }), 0);
  });

  it('knows which buildx tells its progress, and how to reach the same engine', () => {
    assert.equal(tellsJson('github.com/docker/buildx v0.24.0 1234'), true);
    assert.equal(tellsJson('github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3'), true);
    assert.equal(tellsJson('github.com/docker/buildx v0.10.4'), false);
    assert.equal(tellsJson('unknown command'), false);
    const info = { product: 'Docker', version: '', apiVersion: '', operatingSystem: 'linux' };
    const before = { DOCKER_HOST: 'tcp://other', DOCKER_CONTEXT: 'x', A: '1' };
    const at = (address: string, source: string): NodeJS.ProcessEnv =>
      cliEnvironment(before, { ...info, address, source });
    assert.deepEqual(at('unix:///a', 'setting'), { A: '1', DOCKER_HOST: 'unix:///a' });
    assert.deepEqual(at('https://h:1', 'setting'), { A: '1', DOCKER_HOST: 'tcp://h:1' });
    assert.deepEqual(at('ssh://h', 'context far'), { A: '1', DOCKER_CONTEXT: 'far' });
    assert.deepEqual(at('tcp://other', 'DOCKER_HOST'), { A: '1', DOCKER_HOST: 'tcp://other' });
  });

  it('finds the registry of an image, and names for images and containers', () => {
    assert.equal(registryOf('web:1'), 'https://index.docker.io/v1/');
    assert.equal(registryOf('team/web'), 'https://index.docker.io/v1/');
    assert.equal(registryOf('localhost:5000/web'), 'localhost:5000');
    assert.equal(registryOf('ghcr.io/a/b:1'), 'ghcr.io');
    assert.equal(imageRepository('My.App_2'), 'quaywatch/my-app-2');
    assert.equal(imageRepository('...'), 'quaywatch/app');
    assert.equal(plainName(newName('web', 'id')), 'web');
    assert.equal(plainName(oldName('web', 'id')), 'web');
    assert.equal(plainName('web'), 'web');
  });
});

describe('the queue of deployments', () => {
  it('runs one of an app, as many as the limit says, in order', () => {
    const queue = new DeploymentQueue(2, 3);
    queue.add('1', 'a');
    queue.add('2', 'a');
    queue.add('3', 'b');
    assert.equal(queue.isFull, true);
    assert.deepEqual([queue.next(), queue.next(), queue.next()], ['1', '3', undefined]);
    queue.add('4', 'c');
    queue.finished('3');
    assert.equal(queue.next(), '4');
    queue.finished('1');
    assert.equal(queue.withdraw('2'), true);
    assert.equal(queue.withdraw('2'), false);
    queue.finished('4');
    assert.equal(queue.isIdle, true);
  });
});

describe('secrets of deployments', () => {
  it('are taken out of text in every form', () => {
    const redactor = new Redactor();
    redactor.add(['p4ss/wo"rd+1', 'first line\nsecond line', 'abc', 'production']);
    const forms = [
      'p4ss/wo"rd+1',
      encodeURIComponent('p4ss/wo"rd+1'),
      JSON.stringify('p4ss/wo"rd+1'),
      Buffer.from('p4ss/wo"rd+1').toString('base64'),
      'second line',
    ];
    for (const form of forms) {
      const plain = redactor.redact(`before ${form} after`);
      assert.match(plain, /^before .*•••.* after$/, form);
    }
    assert.equal(redactor.redact('abc in production'), 'abc in production');
    assert.equal(redactor.redact('https://me:hidden@host/x'), 'https://me:•••@host/x');
  });

  it('are no part of what is written down', () => {
    const spec: DeploymentSpec = {
      app: 'web',
      source: { kind: 'git', repository: 'https://me:tok%40en@host/x.git', ref: 'main' },
      build: { args: { OPEN: 'yes', HIDDEN: 'secret-arg' }, secretArgs: ['HIDDEN'] },
      run: { environment: { TOKEN: 'secret-env' } },
    };
    const { spec: plain, missing } = withoutSecrets(spec);
    assert.doesNotMatch(JSON.stringify(plain), /tok|secret-/);
    assert.match(JSON.stringify(plain), /"OPEN":"yes"/);
    assert.equal(missing.length, 3);
    assert.deepEqual([...secretsOf(spec)].sort(), [
      'me:tok@en',
      'secret-arg',
      'secret-env',
      'tok%40en',
      'tok@en',
    ]);
  });
});

describe('the check of a specification', () => {
  it('takes what is usual', () => {
    checkSpec(SPEC);
    for (const repository of [
      'https://h/x.git',
      'git@h:team/x.git',
      'ssh://git@h:22/x',
      '/srv/x.git',
      '/srv/my x.git',
      'file:///srv/x',
      'https://[::1]:8443/x',
    ])
      checkSpec({ ...SPEC, source: { kind: 'git', repository, ref: 'feature/a-1', folder: 'sub' } });
    checkSpec({ ...SPEC, source: COMPOSE, health: { stableMs: 100, timeoutMs: 1000 } });
    checkSpec({ ...SPEC, run: { volumes: ['data:/data', '/srv:/srv:ro'], environment: { A: '' } } });
  });

  it('refuses what could be an option, a program or a way out', () => {
    const git = (more: object): DeploymentSpec => ({
      ...SPEC,
      source: { kind: 'git', repository: 'https://h/x', ...more },
    });
    const bad: readonly DeploymentSpec[] = [
      { ...SPEC, app: '--help' },
      { ...SPEC, app: '' },
      { ...SPEC, source: { kind: 'image', image: '--x', pull: 'always' } },
      { ...SPEC, source: { kind: 'image', image: 'a b', pull: 'always' } },
      git({ repository: '--upload-pack=x' }),
      git({ repository: 'ext::sh -c x' }),
      git({ repository: 'fd::17' }),
      git({ repository: 'javascript://x' }),
      git({ repository: 'ssh://-oProxyCommand=x/y' }),
      git({ repository: '-x@h:y' }),
      git({ repository: ' https://me:hidden@h/x' }),
      git({ repository: 'https://me:hid den@h/x' }),
      git({ repository: 'https://me:hid/den@h/x' }),
      git({ repository: 'https://me:hid#den@h/x' }),
      git({ ref: '-x' }),
      git({ ref: 'a:b' }),
      git({ ref: '+a' }),
      git({ ref: 'a..b' }),
      git({ ref: 'a b' }),
      git({ ref: '' }),
      git({ folder: '../x' }),
      git({ folder: '/etc' }),
      { ...SPEC, build: { dockerfile: '../Dockerfile' } },
      { ...SPEC, build: { args: { 'A B': 'x' } } },
      { ...SPEC, build: { secretArgs: ['NONE'] } },
      { ...SPEC, run: { name: '-x' } },
      { ...SPEC, run: { volumes: ['./x:/x'] } },
      { ...SPEC, run: { ports: [{ containerPort: 0 }] } },
      { ...SPEC, run: { environment: { 'A=B': 'x' } } },
      { ...SPEC, run: { networks: ['a b'] } },
      { ...SPEC, health: { timeoutMs: -1 } },
      { ...SPEC, source: { kind: 'compose', folder: '/x', files: ['../y'] } },
      { ...SPEC, source: COMPOSE, run: { environment: { PATH: '.' } } },
      { ...SPEC, source: COMPOSE, build: { args: {} } },
      { ...SPEC, source: COMPOSE, health: { command: 'true' } },
    ];
    for (const spec of bad)
      assert.throws(() => checkSpec(spec), { code: 'badRequest' }, JSON.stringify(spec));
  });
});
