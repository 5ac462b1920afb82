import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { WebSocket } from 'ws';
import { deployKey } from '../../src/agent/security/tokenSecret';
import { EngineError } from '../../src/engine/engine';
import { MemoryDeployments } from '../doubles/memoryDeployments';
import { eventually } from '../support/eventually';
import { AgentFixture } from './agentFixture';

const SPEC = { app: 'web', source: { kind: 'image', image: 'nginx:1', pull: 'missing' }, run: { cpus: 0.5 } };
const SECRET = 'planted-secret-77aa';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: {
    readonly id?: string;
    readonly deployment?: { readonly id: string; readonly status: string; readonly startedBy: string };
    readonly error?: { readonly code: string; readonly message: string };
  };
}

interface PlainMessage {
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

describe('agent: deployments without its protocol', () => {
  let fixture: AgentFixture;
  let deployments: MemoryDeployments;
  const log: string[] = [];
  const sockets: WebSocket[] = [];

  beforeEach(async () => {
    log.length = 0;
    deployments = new MemoryDeployments();
    fixture = await AgentFixture.make({ deployments, log: (line) => void log.push(line) });
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.terminate();
    await fixture.dispose();
    deployments.dispose();
  });

  describe('by pipelines', () => {
    let key: string;
    beforeEach(() => (key = deployKey(fixture.agent.token)));

    function send(method: string, path: string, headers: Record<string, string>, body = ''): Promise<Answer> {
      const { port } = fixture.agent;
      return new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port, path, method, rejectUnauthorized: false, headers };
        const sent = httpsRequest(options, (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: JSON.parse(text) as Answer['body'],
            }),
          );
        });
        sent.on('error', reject);
        sent.end(body);
      });
    }

    function post(spec: unknown, more: Record<string, string> = {}): Promise<Answer> {
      const headers = {
        Authorization: `Bearer ${key}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': randomUUID(),
        ...more,
      };
      return send('POST', '/v1/deployments', headers, typeof spec === 'string' ? spec : JSON.stringify(spec));
    }

    function get(id: string): Promise<Answer> {
      return send('GET', `/v1/deployments/${id}`, { Authorization: `Bearer ${key}` });
    }

    it('start one, are told its id, and ask how it is', async () => {
      const { status, body, headers } = await post(SPEC);
      assert.equal(status, 202);
      const id = body.id ?? '';
      assert.equal(headers['location'], `/v1/deployments/${id}`);
      assert.equal(body.deployment?.id, id);
      assert.equal(deployments.starts[0]?.spec.run?.cpus, 0.5);
      assert.equal(deployments.starts[0].origin?.startedBy, 'token "test" (pipeline)');
      deployments.succeed(id);
      const later = await get(id);
      assert.deepEqual([later.status, later.body.deployment?.status], [200, 'success']);
    });

    it('start it once with the same key, also after a restart of the agent', async () => {
      const once = { 'Idempotency-Key': randomUUID() };
      const [first, second] = [await post(SPEC, once), await post(SPEC, once)];
      await fixture.agent.restart();
      const third = await post(SPEC, once);
      assert.deepEqual([first.status, second.status, third.status], [202, 202, 202]);
      assert.equal(new Set([first, second, third].map(({ body }) => body.id)).size, 1);
      assert.equal(deployments.starts.length, 1);
      const other = await post({ ...SPEC, app: 'other' }, once);
      assert.deepEqual([other.status, other.body.error?.code], [409, 'commandIdReused']);
    });

    it('are refused with codes', async () => {
      const cases: readonly [Promise<Answer>, number, string][] = [
        [post(SPEC, { Authorization: `Bearer ${fixture.agent.tokenSecret}` }), 401, 'unauthorized'],
        [post(SPEC, { Authorization: 'Bearer x' }), 401, 'unauthorized'],
        [post('{'), 400, 'badRequest'],
        [post({ app: 'web' }), 400, 'badRequest'],
        [post(SPEC, { 'Idempotency-Key': 'two words' }), 400, 'badRequest'],
        [post(SPEC, { 'Content-Type': 'text/plain' }), 415, 'badRequest'],
        [post({ ...SPEC, source: { kind: 'folder', folder: '/etc' } }), 400, 'badRequest'],
        [post({ ...SPEC, app: 'x'.repeat(1_100_000) }), 413, 'tooLarge'],
        [post(SPEC, { Origin: 'https://evil.example' }), 403, 'forbidden'],
        [get('d9'), 404, 'noSuchDeployment'],
        [get('..%2f'), 404, 'noSuchDeployment'],
        [send('PUT', '/v1/deployments', { Authorization: `Bearer ${key}` }), 405, 'badRequest'],
        [send('GET', '/v1/other', {}), 404, 'notFound'],
      ];
      for (const [index, [answer, status, code]] of cases.entries()) {
        const { status: seen, body } = await answer;
        assert.deepEqual([seen, body.error?.code], [status, code], `case ${index}`);
      }
      deployments.nextError = new EngineError('conflict', 'The queue is full.');
      assert.equal((await post(SPEC)).status, 409);
      assert.equal(deployments.starts.length, 0);
    });

    it('may not with the key of a viewer, of a scope, or for another purpose', async () => {
      const scope = { projects: ['shop'], labels: [] };
      for (const request of [{ role: 'viewer' as const }, { role: 'admin' as const, scope }]) {
        const { token, watchKey } = await fixture.agent.addToken(request);
        const refused = await post(SPEC, { Authorization: `Bearer ${deployKey(token)}` });
        assert.deepEqual([refused.status, refused.body.error?.code], [403, 'forbidden']);
        assert.equal((await post(SPEC, { Authorization: `Bearer ${watchKey}` })).status, 401);
      }
      const socket = new WebSocket(`${fixture.agent.url}/ws/metrics`, {
        rejectUnauthorized: false,
        headers: { Authorization: `Bearer ${key}` },
      });
      socket.on('error', () => undefined);
      const status = await new Promise((resolve) =>
        socket.once('unexpected-response', (_request, response) => resolve(response.statusCode)),
      );
      socket.terminate();
      assert.equal(status, 401);
    });

    it('are blocked after too many wrong keys', async () => {
      const wrong = { Authorization: `Bearer ${key.slice(0, -2)}AA` };
      for (let count = 0; count < 5; count++) assert.equal((await post(SPEC, wrong)).status, 401);
      const { status, headers } = await post(SPEC);
      assert.equal(status, 429);
      assert.ok(Number(headers['retry-after']) > 0);
    });

    it('leave no secret behind', async () => {
      const spec = { ...SPEC, run: { environment: { PASSWORD: SECRET } } };
      assert.equal((await post(spec)).status, 202);
      assert.equal((await post({ ...spec, source: SECRET })).status, 400);
      await fixture.agent.stop();
      const { journalFile, auditFile } = fixture.agent.state;
      for (const text of [readFileSync(journalFile, 'utf8'), readFileSync(auditFile, 'utf8'), ...log])
        assert.ok(!text.includes(SECRET) && !text.includes(key), text.slice(0, 200));
      await fixture.agent.start();
    });
  });

  describe('by plain watchers', () => {
    interface Watcher {
      readonly messages: PlainMessage[];
      closeCode: number | undefined;
    }

    async function watch(
      query: string,
      request: Parameters<AgentFixture['agent']['addToken']>[0] = {},
    ): Promise<Watcher> {
      const { watchKey } = await fixture.agent.addToken({ role: 'viewer', ...request });
      const socket = new WebSocket(`${fixture.agent.url}/ws/deployment/logs${query}`, {
        rejectUnauthorized: false,
        headers: { Cookie: `quaywatch=${watchKey}` },
      });
      sockets.push(socket);
      const watcher: Watcher = { messages: [], closeCode: undefined };
      socket.on('message', (data) =>
        watcher.messages.push(JSON.parse((data as Buffer).toString()) as PlainMessage),
      );
      socket.on('close', (code) => (watcher.closeCode = code));
      return watcher;
    }

    async function started(): Promise<string> {
      const source = { kind: 'image', image: 'nginx:1', pull: 'missing' } as const;
      return (await deployments.start({ spec: { app: 'web', source } })).id;
    }

    async function closed(watcher: Watcher): Promise<number | undefined> {
      await eventually(
        () => `closed: ${JSON.stringify(watcher.messages.at(-1))}`,
        () => watcher.closeCode !== undefined,
      );
      return watcher.closeCode;
    }

    it("are sent a deployment's statuses and log lines as documented, to its end", async () => {
      const id = await started();
      deployments.enter(id, 'building_image', { message: 'Building Docker image...' });
      deployments.progress(id, 50, 'Building Docker image...');
      const watcher = await watch(`?deploymentId=${id}`);
      await eventually('three statuses', () => watcher.messages.length === 3);
      const { type, data, timestamp } = watcher.messages[2] ?? assert.fail();
      assert.equal(type, 'status');
      assert.match(timestamp, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      assert.deepEqual(data, {
        deployment_id: id,
        status: 'building',
        stage: 'building_image',
        progress: 50,
        message: 'Building Docker image...',
        error_message: '',
      });
      deployments.log(id, 'Step 3/8 : COPY package*.json ./');
      await eventually('a line', () => watcher.messages.length === 4);
      assert.deepEqual(watcher.messages[3]?.data, { line: 'Step 3/8 : COPY package*.json ./' });
      deployments.fail(id, { message: 'Docker build failed: exit code 1' });
      assert.equal(await closed(watcher), 1000);
      const [status, error] = watcher.messages.slice(-2);
      assert.equal(status?.data['error_message'], 'Docker build failed: exit code 1');
      assert.deepEqual(
        [error?.type, error?.data],
        ['error', { message: 'Docker build failed: exit code 1' }],
      );
    });

    it('are told what is wrong', async () => {
      const cases = [
        ['', 'deploymentId is missing'],
        ['?deploymentId=d9', 'Deployment not found'],
      ] as const;
      for (const [query, message] of cases) {
        const watcher = await watch(query);
        assert.equal(await closed(watcher), 4404);
        assert.deepEqual(watcher.messages.at(-1)?.data, { message });
      }
    });

    it('with a scope are shown only what is in it', async () => {
      const id = await started();
      const scope = { projects: [], labels: [{ name: 'team', value: 'a' }] };
      const hidden = await watch(`?deploymentId=${id}`, { scope });
      assert.equal(await closed(hidden), 4404);
      assert.deepEqual(hidden.messages.at(-1)?.data, { message: 'Deployment not found' });
      fixture.engine.run({ name: 'web', labels: { team: 'a', 'dev.quaywatch.app': 'web' } });
      deployments.succeed(id);
      assert.equal(await closed(await watch(`?deploymentId=${id}`, { scope })), 1000);
    });

    it('get a long journal whole', async () => {
      const id = await started();
      for (let line = 0; line < 20_000; line++) deployments.log(id, `${line} ${'x'.repeat(500)}`);
      deployments.succeed(id);
      const watcher = await watch(`?deploymentId=${id}`);
      assert.equal(await closed(watcher), 1000);
      const lines = watcher.messages.filter(({ type }) => type === 'log');
      assert.equal(lines.length, 20_000);
      lines.forEach(({ data }, index) => assert.ok(String(data['line']).startsWith(`${index} `)));
    });
  });
});
