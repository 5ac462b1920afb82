import assert from 'node:assert/strict';
import { parseDeployFile, readDeployFile, type DescribedApp } from '../../src/model/deployFile';
import {
  FORMS,
  formatPublishedPort,
  parseDuration,
  parseMemory,
  parsePort,
} from '../../src/model/deployFileForms';
import { hostPaths, localPaths, volumeSource } from '../../src/model/deployFilePaths';
import { ENGLISH, problemInWords } from '../../src/model/deployFileProblems';
import { resolveSpec } from '../../src/model/deployFileResolve';
import { parseEnvFile } from '../../src/model/envFile';
import { BAD_APPS, BAD_FILES, BAD_TO_PARSER_ONLY, FULL_APP, GOOD_APPS } from './deployFileSamples';

function onlyApp(app: unknown): DescribedApp {
  const { apps, problems } = readDeployFile({ apps: { web: app } });
  assert.deepEqual(problems, []);
  assert.ok(apps[0]);
  return apps[0];
}

const wordsOf = (content: unknown): string[] =>
  readDeployFile(content).problems.map((problem) => problemInWords(problem, ENGLISH));

describe('quaywatch.json', () => {
  it('becomes what is deployed, every member of it', () => {
    assert.deepEqual(onlyApp(FULL_APP), {
      name: 'web',
      spec: {
        app: 'web',
        source: {
          kind: 'git',
          repository: 'https://example.com/web.git',
          ref: 'v1.2',
          folder: 'services/web',
        },
        build: {
          dockerfile: 'docker/Dockerfile',
          target: 'production',
          args: { VERSION: '1.2', NPM_TOKEN: '${env:NPM_TOKEN}' },
          secretArgs: ['NPM_TOKEN'],
        },
        run: {
          name: 'web-1',
          command: ['serve', '--port', '80'],
          ports: [
            { containerPort: 80, hostPort: 8080 },
            { containerPort: 53, hostPort: 53, hostAddress: '127.0.0.1', protocol: 'udp' },
          ],
          environment: { MODE: 'live', 'a.b': '${env:AB}' },
          volumes: ['data:/data', './conf:/conf:ro'],
          networks: ['front'],
          restart: 'unless-stopped',
          labels: { 'com.example.team': 'web' },
          memoryBytes: 512 * 1024 ** 2,
          cpus: 1.5,
        },
        health: { command: 'wget -q localhost', intervalMs: 5_000, timeoutMs: 90_000, stableMs: 500 },
      },
      envFiles: ['.env', 'secrets/web.env'],
      hosts: ['Local', 'Build server'],
    });
  });

  it('has defaults for what is left out', () => {
    assert.deepEqual(onlyApp({ source: { image: 'nginx' } }).spec.source, {
      kind: 'image',
      image: 'nginx',
      pull: 'missing',
    });
    assert.deepEqual(onlyApp({ source: { compose: ['compose.yaml'] } }).spec.source, {
      kind: 'compose',
      files: ['compose.yaml'],
      folder: '.',
    });
    assert.deepEqual(onlyApp({ source: { folder: '.' } }), {
      name: 'web',
      spec: { app: 'web', source: { kind: 'folder', folder: '.' } },
      envFiles: [],
      hosts: [],
    });
  });

  it('takes every good app', () => {
    for (const app of GOOD_APPS) assert.deepEqual(wordsOf({ apps: { web: app } }), [], JSON.stringify(app));
  });

  it('names the field of every bad app', () => {
    for (const { app, field } of [...BAD_APPS, BAD_TO_PARSER_ONLY]) {
      const { apps, problems } = readDeployFile({ apps: { web: app, good: { source: { folder: '.' } } } });
      assert.deepEqual(
        problems.map((problem) => problem.field),
        [`apps.web${field}`],
        JSON.stringify(app),
      );
      assert.ok(problems.every((problem) => problemInWords(problem, ENGLISH).includes(`apps.web${field}`)));
      // The others can still be deployed.
      assert.deepEqual(
        apps.map(({ name }) => name),
        ['good'],
      );
    }
  });

  it('refuses what is no such file', () => {
    for (const content of BAD_FILES) assert.ok(wordsOf(content).length > 0, JSON.stringify(content));
    assert.match(
      problemInWords(firstOf(parseDeployFile('{ "apps": ').problems), ENGLISH),
      /^The file is no JSON: /,
    );
    assert.equal(firstOf(parseDeployFile(' '.repeat(1_000_001)).problems).kind, 'tooLarge');
    assert.equal(parseDeployFile('\ufeff{"apps":{"web":{"source":{"folder":"."}}}}').apps.length, 1);
  });

  it('says what was meant, or what is known', () => {
    assert.deepEqual(wordsOf({ apps: { web: { source: { folder: '.' }, Run: {} } } }), [
      '“apps.web.Run” is not known. Did you mean “run”?',
    ]);
    assert.deepEqual(wordsOf({ apps: { web: { source: { folder: '.' }, build: { nonsense: 1 } } } }), [
      '“apps.web.build.nonsense” is not known. Known there: dockerfile, target, args, secretArgs.',
    ]);
    assert.deepEqual(wordsOf({ apps: { web: { source: { folder: '.' }, run: { ports: ['80:x'] } } } }), [
      '“apps.web.run.ports[0]” must be a port like “8080:80”, “127.0.0.1:8080:80” or “53:53/udp”.',
    ]);
  });

  it('keeps names like __proto__ as they are', () => {
    const { spec } = onlyApp({
      source: { folder: '.' },
      run: { labels: JSON.parse('{"__proto__":"x"}') as unknown },
    });
    assert.deepEqual(Object.entries(spec.run?.labels ?? {}), [['__proto__', 'x']]);
  });
});

describe('forms in quaywatch.json', () => {
  it('let nothing through that Git or a shell could take for an option or a command', () => {
    const hostile = ['--upload-pack=touch /tmp/x', '-c', 'ext::sh -c id', 'a..b', 'x y', 'x\nid', ''];
    for (const text of hostile) assert.ok(!new RegExp(FORMS.ref, 'u').test(text), text);
    for (const text of ['--upload-pack=x', 'ext::sh -c id', 'fd::17', 'a\nb', ' https://h', ''])
      assert.ok(!new RegExp(FORMS.repository, 'u').test(text), text);
    for (const text of ['../x', '/x', 'a/../b', 'C:\\x', '..', '\\x'])
      assert.ok(!new RegExp(FORMS.insidePath, 'u').test(text), text);
    for (const text of ['a/b', '..a', '.x', 'a..b/c'])
      assert.ok(new RegExp(FORMS.insidePath, 'u').test(text), text);
  });

  it('are ports, which are written as they are read', () => {
    for (const text of [
      '80',
      '8080:80',
      '127.0.0.1:8080:80',
      '127.0.0.1::80',
      '[::1]:1:2/udp',
      '65535:65535/sctp',
    ])
      assert.equal(formatPublishedPort(parsePort(text) ?? { containerPort: 0 }), text);
    for (const text of ['0', '65536', '80:', 'x', '1:2:3', '80/xyz', '999.1:80'])
      assert.equal(parsePort(text), undefined, text);
  });

  it('are durations and sizes', () => {
    assert.deepEqual(['500ms', '1m30s', '0.5s', '2h'].map(parseDuration), [500, 90_000, 500, 7_200_000]);
    assert.deepEqual(['0s', '5', 's', '-1s'].map(parseDuration), [
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    assert.deepEqual(['64b', '1k', '1.5M', '2g'].map(parseMemory), [64, 1_024, 1_572_864, 2_147_483_648]);
    assert.deepEqual(['0m', '512', 'm'].map(parseMemory), [undefined, undefined, undefined]);
  });

  it('are volumes, whose source may be a drive of Windows', () => {
    assert.deepEqual(['a:/b', '/a:/b:ro', 'C:\\a:/b', './x:/y'].map(volumeSource), [
      'a',
      '/a',
      'C:\\a',
      './x',
    ]);
  });
});

describe('the paths that an app names', () => {
  it('are those of this machine, and those of the host', () => {
    const app = onlyApp({
      source: { folder: '../other' },
      run: { envFiles: ['.env', '/etc/secret'], volumes: ['data:/d', './a:/a', '/var/run/docker.sock:/s'] },
    });
    assert.deepEqual(localPaths(app), [
      { field: 'source.folder', path: '../other' },
      { field: 'run.envFiles[0]', path: '.env' },
      { field: 'run.envFiles[1]', path: '/etc/secret' },
      { field: 'run.volumes[1]', path: './a' },
    ]);
    assert.deepEqual(hostPaths(app), ['./a', '/var/run/docker.sock']);
  });

  it('are those of repositories too', () => {
    const pathsOf = (git: string): string[] =>
      localPaths(onlyApp({ source: { git } })).map(({ path }) => path);
    assert.deepEqual(pathsOf('file:///srv/a.git'), ['/srv/a.git']);
    assert.deepEqual(pathsOf('../a.git'), ['../a.git']);
    assert.deepEqual(pathsOf('git@example.com:a.git'), []);
  });
});

describe('variables of an app', () => {
  const app = onlyApp({
    source: { git: 'https://user:${env:TOKEN}@example.com/x.git' },
    build: { args: { A: '1', B: '${env:B}' } },
    run: { environment: { OWN: 'own ${env:B}', GONE: '${env:GONE}' }, envFiles: ['.env'] },
  });

  it('come from files, the app and the environment, in this order', () => {
    const files = [parseEnvFile('OWN=file\nFILE=1\nB\nUNSET'), parseEnvFile('FILE=2')];
    const environment: Record<string, string> = { TOKEN: 't', B: 'b' };
    const { spec, missing } = resolveSpec(app, files, (name) => environment[name]);
    assert.deepEqual(spec.run?.environment, { OWN: 'own b', FILE: '2', B: 'b', GONE: '' });
    assert.deepEqual(spec.build, { args: { A: '1', B: 'b' }, secretArgs: ['B'] });
    assert.deepEqual(spec.source, { kind: 'git', repository: 'https://user:t@example.com/x.git' });
    assert.deepEqual(missing, ['GONE']);
  });

  it('are left alone where there are none', () => {
    const plain = onlyApp({ source: { image: 'x' } });
    assert.deepEqual(
      resolveSpec(plain, [], () => undefined),
      { spec: plain.spec, missing: [] },
    );
  });
});

describe('an env file', () => {
  it('is read with comments, quotes and export', () => {
    const text = [
      '# comment',
      '',
      'A=1 # rest',
      'export B = two words ',
      `C="quo\\"ted # here\\n" # rest`,
      "D='as $it \\n is'",
      'E=',
      'F',
      'G=a#b',
    ].join('\r\n');
    assert.deepEqual(parseEnvFile(text), {
      variables: [
        { name: 'A', value: '1' },
        { name: 'B', value: 'two words' },
        { name: 'C', value: 'quo"ted # here\n' },
        { name: 'D', value: 'as $it \\n is' },
        { name: 'E', value: '' },
        { name: 'F' },
        { name: 'G', value: 'a#b' },
      ],
      badLines: [],
    });
  });

  it('tells the numbers of bad lines, and nothing of what they hold', () => {
    assert.deepEqual(parseEnvFile('A=1\n=secret\nsome words\nB=2').badLines, [2, 3]);
  });
});

function firstOf<T>(list: readonly T[]): T {
  const [first] = list;
  assert.ok(first !== undefined);
  return first;
}
