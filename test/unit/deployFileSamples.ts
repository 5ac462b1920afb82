/** Apps and files for the parser and for the schema of `quaywatch.json`, which have to agree on them. */

export const FULL_APP = {
  source: { git: 'https://example.com/web.git', ref: 'v1.2', folder: 'services/web' },
  build: {
    dockerfile: 'docker/Dockerfile',
    target: 'production',
    args: { VERSION: '1.2' },
    secretArgs: { NPM_TOKEN: '${env:NPM_TOKEN}' },
  },
  run: {
    name: 'web-1',
    command: ['serve', '--port', '80'],
    ports: ['8080:80', '127.0.0.1:53:53/udp'],
    environment: { MODE: 'live', 'a.b': '${env:AB}' },
    envFiles: ['.env', 'secrets/web.env'],
    volumes: ['data:/data', './conf:/conf:ro'],
    networks: ['front'],
    restart: 'unless-stopped',
    labels: { 'com.example.team': 'web' },
    limits: { memory: '512m', cpus: 1.5 },
  },
  health: { command: 'wget -q localhost', interval: '5s', timeout: '1m30s', stable: '500ms' },
  hosts: ['Local', 'Build server'],
};

const folder = { folder: '.' };

export const GOOD_APPS: readonly unknown[] = [
  FULL_APP,
  { source: folder },
  { source: { folder: '../other' }, build: {}, run: {}, health: {} },
  { source: { image: 'registry.example.com:5000/a/b@sha256:abc', pull: 'never' }, run: { ports: ['80'] } },
  { source: { compose: ['a.yaml', 'b/c.yml'], folder: 'x', project: 'shop', services: ['web', 'db.1'] } },
  { source: { git: 'git@example.com:team/app.git' } },
  { source: { git: 'file:///srv/app.git', ref: 'feature/x' } },
  { source: folder, run: { limits: { cpus: 0.25 }, environment: {} } },
];

/** Each with one fault, and the field that has to be named. */
export const BAD_APPS: readonly { readonly app: unknown; readonly field: string }[] = [
  { app: null, field: '' },
  { app: [], field: '' },
  { app: {}, field: '.source' },
  { app: { source: '.' }, field: '.source' },
  { app: { source: {} }, field: '.source' },
  { app: { source: { image: 'a', git: 'b' } }, field: '.source' },
  { app: { source: { folder: '.', ref: 'x' } }, field: '.source.ref' },
  { app: { source: { image: 'a', folder: '.' } }, field: '.source.folder' },
  { app: { source: { image: '-rm' } }, field: '.source.image' },
  { app: { source: { image: 'a', pull: 'sometimes' } }, field: '.source.pull' },
  { app: { source: { git: '--upload-pack=x' } }, field: '.source.git' },
  { app: { source: { git: 'ext::sh -c id' } }, field: '.source.git' },
  { app: { source: { git: 'a', ref: '--upload-pack=x' } }, field: '.source.ref' },
  { app: { source: { git: 'a', folder: '../b' } }, field: '.source.folder' },
  { app: { source: { compose: [] } }, field: '.source.compose' },
  { app: { source: { compose: 'compose.yaml' } }, field: '.source.compose' },
  { app: { source: { compose: ['../compose.yaml'] } }, field: '.source.compose[0]' },
  { app: { source: { compose: ['a'], project: 'Shop' } }, field: '.source.project' },
  { app: { source: { compose: ['a'], services: ['--all'] } }, field: '.source.services[0]' },
  { app: { source: { compose: ['a'] }, run: {} }, field: '.run' },
  { app: { source: { compose: ['a'] }, health: {} }, field: '.health' },
  { app: { source: { image: 'a' }, build: {} }, field: '.build' },
  { app: { source: folder, unheardOf: 1 }, field: '.unheardOf' },
  { app: { source: folder, build: { dockerfile: '/etc/passwd' } }, field: '.build.dockerfile' },
  { app: { source: folder, build: { args: { 'a b': '1' } } }, field: '.build.args.a b' },
  { app: { source: folder, build: { args: { A: 1 } } }, field: '.build.args.A' },
  { app: { source: folder, build: { args: ['A=1'] } }, field: '.build.args' },
  { app: { source: folder, run: { name: '--rm' } }, field: '.run.name' },
  { app: { source: folder, run: { name: 'x' } }, field: '.run.name' },
  { app: { source: folder, run: { command: 'ls' } }, field: '.run.command' },
  { app: { source: folder, run: { ports: [80] } }, field: '.run.ports[0]' },
  { app: { source: folder, run: { ports: ['80:80', '70000:80'] } }, field: '.run.ports[1]' },
  { app: { source: folder, run: { environment: { 'A=B': '' } } }, field: '.run.environment.A=B' },
  { app: { source: folder, run: { environment: { A: true } } }, field: '.run.environment.A' },
  { app: { source: folder, run: { volumes: ['data'] } }, field: '.run.volumes[0]' },
  { app: { source: folder, run: { volumes: ['a:b'] } }, field: '.run.volumes[0]' },
  { app: { source: folder, run: { networks: ['-x'] } }, field: '.run.networks[0]' },
  { app: { source: folder, run: { restart: 'sometimes' } }, field: '.run.restart' },
  { app: { source: folder, run: { limits: { memory: 512 } } }, field: '.run.limits.memory' },
  { app: { source: folder, run: { limits: { memory: '512' } } }, field: '.run.limits.memory' },
  { app: { source: folder, run: { limits: { cpus: 0 } } }, field: '.run.limits.cpus' },
  { app: { source: folder, run: { limits: { cpus: '1' } } }, field: '.run.limits.cpus' },
  { app: { source: folder, run: { limits: { cpu: 1 } } }, field: '.run.limits.cpu' },
  { app: { source: folder, health: { timeout: 30 } }, field: '.health.timeout' },
  { app: { source: folder, health: { timeout: '30' } }, field: '.health.timeout' },
  { app: { source: folder, hosts: [] }, field: '.hosts' },
  { app: { source: folder, hosts: 'Local' }, field: '.hosts' },
];

/** What only the parser can tell: a schema does not compare the names of two objects. */
export const BAD_TO_PARSER_ONLY = {
  app: { source: folder, build: { args: { A: '1' }, secretArgs: { A: '2' } } },
  field: '.build.secretArgs.A',
};

export const BAD_FILES: readonly unknown[] = [
  null,
  [],
  'apps',
  {},
  { apps: [] },
  { apps: {} },
  { apps: { '-x': { source: folder } } },
  { apps: { x: { source: folder } } },
  { apps: { '../x': { source: folder } } },
  { apps: { web: { source: folder } }, app: {} },
  { $schema: 1, apps: { web: { source: folder } } },
];
