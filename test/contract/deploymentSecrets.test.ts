import assert from 'node:assert/strict';
import Docker from 'dockerode';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { machineTools } from '../../src/deploy/machineTools';
import { folderContext } from '../../src/deploy/sources/folderContext';
import type { RemoteEngine } from '../../src/engine/remote/remoteEngine';
import type { Deployment, DeploymentSpec } from '../../src/model/deployment';
import type { Pairing } from '../../src/protocol/pairingLink';
import { DeploymentFixture, tell } from '../support/deploymentFixture';
import { EchoServer } from '../support/echoServer';
import { eventually } from '../support/eventually';
import { openRemoteEngine, PairedAgent } from '../support/pairedAgent';
import { busyboxImage, testEngineOrSkip, testLabel } from '../support/testEngine';

const PLANTED = {
  environment: 'env-pl4nted/value"1',
  argument: 'arg-pl4nted+value 2',
  urlPassword: 'url-pl4nted-3',
  registryPassword: 'reg-pl4nted-4',
  helperPassword: 'helper-pl4nted-5',
} as const;
const APP = 'secretive';
/** In each form in which they could be seen. */
const FORMS = [...Object.values(PLANTED), `me:${PLANTED.urlPassword}`, `robot:${PLANTED.registryPassword}`]
  .concat(`helped:${PLANTED.helperPassword}`)
  .flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  ]);

interface Place {
  readonly name: string;
  readonly text: string;
}

/** Fails with the place where a planted secret is. */
function assertNowhere(places: readonly Place[]): void {
  for (const { name, text } of places)
    for (const form of FORMS) {
      const at = text.indexOf(form);
      assert.ok(at < 0, `${form} is in ${name}: ${text.slice(Math.max(0, at - 200), at + 100)}`);
    }
}

function filesBelow(folder: string): readonly Place[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((name) => ({ name, text: readFileSync(name, 'utf8') }));
}

/** Docker's own configuration with a stored sign-in, and one that a helper knows. */
function dockerConfig(folder: string, server: EchoServer): NodeJS.ProcessEnv {
  const bin = join(folder, 'bin');
  const config = join(folder, 'docker');
  for (const path of [bin, config]) mkdirSync(path, { recursive: true });
  const answer = JSON.stringify({ Username: 'helped', Secret: PLANTED.helperPassword });
  const helper = `#!/bin/sh\ncat >/dev/null\necho '${answer}'\n`;
  writeFileSync(join(bin, 'docker-credential-planted'), helper, { mode: 0o755 });
  const auth = Buffer.from(`robot:${PLANTED.registryPassword}`).toString('base64');
  const auths = { [`127.0.0.1:${server.port}`]: { auth } };
  const credHelpers = { [`localhost:${server.port}`]: 'planted' };
  writeFileSync(join(config, 'config.json'), JSON.stringify({ auths, credHelpers }));
  return { DOCKER_CONFIG: config, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
}

/** Specifications whose deployments fail after they have said each secret they were given. */
function tellingSpecs(folder: string, server: EchoServer): readonly DeploymentSpec[] {
  const dockerfile = `FROM ${busyboxImage}\nARG HIDDEN\nRUN echo "arg: $HIDDEN"\nCMD ["sh", "-c", "echo env: \\"$TOKEN\\"; exit 1"]\n`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
  const run = { environment: { TOKEN: PLANTED.environment }, labels: { [testLabel]: '1' } };
  const build = { args: { HIDDEN: PLANTED.argument }, secretArgs: ['HIDDEN'] };
  const repository = `http://me:${PLANTED.urlPassword}@127.0.0.1:${server.port}/app.git`;
  return [
    { app: APP, source: { kind: 'folder', folder }, build, run },
    { app: APP, source: { kind: 'git', repository }, build, run },
    ...['127.0.0.1', 'localhost'].map((host): DeploymentSpec => ({
      app: APP,
      source: { kind: 'image', image: `${host}:${server.port}/private:1`, pull: 'always' },
      run,
    })),
  ];
}

describe('secrets of deployments on a real engine', function () {
  this.timeout(180_000);
  let server: EchoServer;
  let folder: string;
  let docker: Docker;

  before(async function () {
    docker = new Docker({ socketPath: testEngineOrSkip(this).socketPath });
    server = await EchoServer.listen();
    folder = mkdtempSync(join(tmpdir(), 'quaywatch-secrets-'));
  });
  after(() => {
    server.dispose();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    const filters = { label: [`dev.quaywatch.app=${APP}`] };
    const made = await docker.listContainers({ all: true, filters });
    await Promise.all(made.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  });

  /** They were said: a search that finds nothing means something. */
  function assertSaid(text: string): void {
    for (const said of ['arg: •••', 'env: •••']) assert.ok(text.includes(said), `"${said}" is not there`);
    const echoed = server.echoes.join('\n');
    for (const secret of [PLANTED.urlPassword, PLANTED.registryPassword, PLANTED.helperPassword])
      assert.ok(echoed.includes(secret), `the server did not say ${secret}`);
    assert.ok(text.includes('which reads'), 'what the server said is shown');
  }

  it('are in no journal, state, log line, message or error', async function () {
    const fixture = new DeploymentFixture(testEngineOrSkip(this));
    try {
      const environment = { ...process.env, ...dockerConfig(folder, server) };
      const deployments = fixture.open({ tools: machineTools(environment) });
      const told: Place[] = [];
      for (const spec of tellingSpecs(join(folder, 'source'), server)) {
        const { id } = await deployments.start({ spec });
        const over = await fixture.over(id, deployments);
        assert.equal(over.status, 'failed', JSON.stringify(over));
        const view = tell(deployments, id);
        await eventually('all is told', () => view.ends > 0);
        told.push({ name: spec.source.kind, text: JSON.stringify([over, view.entries, view.log]) });
        told.push({ name: 'its inputs', text: JSON.stringify(await deployments.readSpec(id)) });
        const error = await fixture
          .open()
          .retry(id)
          .then(String, (reason: unknown) => String(reason));
        told.push({ name: 'an error', text: error });
      }
      assertSaid(told.map(({ text }) => text).join('\n'));
      assertNowhere([
        ...told,
        ...filesBelow(join(fixture.folder, 'state')),
        { name: 'the log', text: fixture.logged.join('\n') },
      ]);
    } finally {
      await fixture.dispose();
    }
  });

  describe('through an agent', () => {
    let agent: PairedAgent;
    const engines: RemoteEngine[] = [];
    const places: Place[] = [];

    before(async function () {
      agent = await PairedAgent.start(testEngineOrSkip(this).dockerHost, {
        ...dockerConfig(folder, server),
        QUAYWATCH_AGENT_LOG_LEVEL: 'trace',
      });
    });
    after(async () => {
      for (const engine of engines) engine.dispose();
      await agent.dispose();
    });

    async function connect(pairing: Pairing): Promise<RemoteEngine> {
      const log = (level: string, message: string): unknown =>
        places.push({ name: `a client's log (${level})`, text: message });
      const engine = openRemoteEngine(pairing, { log });
      engines.push(engine);
      engine.connect();
      await eventually('it is ready', () => engine.connection.kind === 'ready');
      return engine;
    }

    /** All that a client is told of a deployment, to its end. */
    async function follow({ deployments }: RemoteEngine, id: string, name: string): Promise<Deployment> {
      let isEnded = false;
      let last: Deployment | undefined;
      deployments.follow(id, 0, {
        entries: (entries) => {
          places.push({ name: `entries for ${name}`, text: JSON.stringify(entries) });
          for (const entry of entries) if (entry.kind === 'state') last = entry.deployment;
        },
        ended: () => (isEnded = true),
      });
      await eventually('it is told the end', () => isEnded, 90_000);
      return last ?? assert.fail('no state');
    }

    function watchPlainly(id: string, watchKey: string): Promise<void> {
      return new Promise((resolve) => {
        const socket = new WebSocket(`wss://127.0.0.1:${agent.port}/ws/deployment/logs?deploymentId=${id}`, {
          rejectUnauthorized: false,
          headers: { Cookie: `quaywatch=${watchKey}` },
        });
        socket.on('message', (data) =>
          places.push({ name: 'a plain message', text: (data as Buffer).toString() }),
        );
        socket.on('close', () => resolve());
      });
    }

    function send(method: string, path: string, key: string, body = ''): Promise<string> {
      const headers = {
        Authorization: `Bearer ${key}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': randomUUID(),
      };
      const target = { host: '127.0.0.1', port: agent.port, path, method, headers };
      return new Promise((resolve, reject) => {
        const request = httpsRequest({ ...target, rejectUnauthorized: false }, (response) => {
          let text = `${response.statusCode ?? 0} ${JSON.stringify(response.headers)}`;
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => {
            places.push({ name: `the answer to ${method} ${path}`, text });
            resolve(text);
          });
        });
        request.on('error', reject);
        request.end(body);
      });
    }

    async function keysOf(): Promise<{ readonly deployKey: string; readonly watchKey: string }> {
      const options = ['--role', 'operator', '--deploy-key', '--name', 'pipeline'];
      const { stdout } = await agent.run(['token', 'add', ...options]);
      const [, watchKey = '', deployKey = ''] = stdout.trim().split('\n');
      return { watchKey, deployKey };
    }

    it('are in no message, answer, error, audit entry, log or file, for whomever', async () => {
      const person = await connect(agent.pairing());
      const viewer = await connect(await agent.addToken('--role', 'viewer'));
      viewer.deployments.onDidChange((changed) =>
        places.push({ name: 'the list for a viewer', text: JSON.stringify(changed) }),
      );
      viewer.deployments.watch();
      const { deployKey, watchKey } = await keysOf();
      const specs = tellingSpecs(join(folder, 'remote'), server);
      for (const spec of specs) {
        const context = spec.source.kind === 'folder' && folderContext(spec.source.folder);
        const { id } = await person.deployments.start({ spec, ...(context && { context }) });
        const [over] = await Promise.all([
          follow(viewer, id, 'a viewer'),
          follow(person, id, 'who started it'),
          watchPlainly(id, watchKey),
        ]);
        assert.equal(over.status, 'failed', JSON.stringify(over));
        places.push({ name: 'inputs', text: JSON.stringify(await viewer.deployments.readSpec(id)) });
        await send('GET', `/v1/deployments/${id}`, deployKey);
      }
      for (const spec of specs.slice(1)) {
        const wire = { ...spec, run: { environment: spec.run?.environment } };
        const answer = await send('POST', '/v1/deployments', deployKey, JSON.stringify(wire));
        const id = /"id":"([^"]+)"/.exec(answer)?.[1] ?? assert.fail(answer);
        await follow(viewer, id, 'a viewer of a pipeline');
      }
      const page = await viewer.deployments.list({ limit: 50 });
      places.push({ name: 'a page of the list', text: JSON.stringify(page) });
      assert.equal(page.deployments.length, 2 * specs.length - 1);
      assertSaid(places.map(({ text }) => text).join('\n'));
      assertEverywhere();
    });

    it('are in no answer to a request that makes no sense', async () => {
      const { deployKey } = await keysOf();
      const { environment, urlPassword } = PLANTED;
      const image = { kind: 'image', image: busyboxImage, pull: 'missing' };
      const bodies = [
        `{"app": "${APP}", "source": ${JSON.stringify(environment)}`,
        JSON.stringify({ app: APP, source: image, run: { environment: { TOKEN: [environment] } } }),
        JSON.stringify({ app: APP, source: image, run: { environment } }),
        JSON.stringify({ app: APP, source: image, run: { environment: { [`A ${environment}`]: 'x' } } }),
        JSON.stringify({
          app: APP,
          source: image,
          build: { args: { X: environment }, secretArgs: environment },
        }),
        JSON.stringify({ app: APP, source: { kind: 'git', repository: `gopher://me:${urlPassword}@x/` } }),
      ];
      for (const body of bodies)
        assert.match(await send('POST', '/v1/deployments', deployKey, body), /^400 /);
      assertEverywhere();
    });

    it('are in nothing that the command prints', async () => {
      const file = join(folder, 'quaywatch.json');
      const run = { environment: { TOKEN: PLANTED.environment } };
      writeFileSync(file, JSON.stringify({ apps: { [APP]: { source: { folder: './remote' }, run } } }));
      const { code, stdout, stderr } = await agent.run(['deploy', file]);
      assert.equal(code, 7, stderr);
      assert.match(stdout, /env: •••/);
      places.push({ name: 'what the command printed', text: `${stdout}\n${stderr}` });
      assertEverywhere();
    });

    function assertEverywhere(): void {
      const files = filesBelow(agent.stateFolder);
      assert.ok(files.some(({ name }) => name.endsWith('audit.jsonl')));
      assertNowhere([...places, ...files, { name: "the agent's log", text: agent.output }]);
    }
  });
});
