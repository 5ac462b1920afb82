import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DeploymentStart } from '../../src/engine/deployments';
import { MemoryDeployments } from '../doubles/memoryDeployments';
import { eventually } from '../support/eventually';
import { SmallDisk } from '../support/smallDisk';
import { AgentFixture, type AgentWishes } from './agentFixture';
import type { Message, RawClient } from './rawClient';

const CREDIT = 2_097_152;
const UPLOAD_DATA = 34;
const UPLOAD_COMPLETE = 35;
const UPLOAD_ENDED = 36;
const FOLDER_SPEC = { app: 'web', source: { kind: 'folder', folder: '/home/me/web' } };

describe('agent: uploads of build contexts', () => {
  let fixture: AgentFixture;
  let deployments: MemoryDeployments;
  let client: RawClient;

  async function begin(wishes: AgentWishes = {}): Promise<void> {
    deployments = new MemoryDeployments();
    fixture = await AgentFixture.make({ deployments, ...wishes });
    client = await fixture.open();
  }

  beforeEach(() => begin());
  afterEach(async () => {
    await fixture.dispose();
    deployments.dispose();
  });

  function start(of: RawClient, data: object): Promise<Message> {
    return of.signed('deployment', 'start_deployment', data);
  }

  function ended(of: RawClient, stream: number, type: number): Record<string, unknown> | undefined {
    const frame = of.framesOf(stream).find((one) => one.type === type);
    return frame && (JSON.parse(frame.body.toString()) as Record<string, unknown>);
  }

  const archive = randomBytes(700_000);
  const sha256 = createHash('sha256').update(archive).digest('base64url');

  async function open(of: RawClient, upload: string): Promise<number> {
    const stream = of.newStream();
    const data = { stream, upload, credit: CREDIT };
    const response = await of.command('deployment', 'start_upload', data);
    assert.equal(response.status, 'done', JSON.stringify(response));
    return stream;
  }

  /** Frames from a number on; the last of them says that it was all. */
  function send(of: RawClient, stream: number, bytes: Buffer, from = 1, size = 100_000): void {
    const count = Math.ceil(bytes.length / size);
    for (let frame = from; frame <= count; frame++)
      of.sendFrame(UPLOAD_DATA, stream, frame, bytes.subarray((frame - 1) * size, frame * size));
    of.sendFrame(UPLOAD_COMPLETE, stream, count + 1, Buffer.alloc(0));
  }

  function files(): readonly string[] {
    return readdirSync(fixture.agent.state.uploadsFolder);
  }

  async function contextOf(request: DeploymentStart | undefined): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request?.context?.() ?? []) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  it('takes a build context, hands it over, and removes it afterwards', async () => {
    const upload = randomUUID();
    const stream = await open(client, upload);
    send(client, stream, archive);
    await client.until('its end', () => ended(client, stream, UPLOAD_ENDED) !== undefined);
    assert.deepEqual(ended(client, stream, UPLOAD_ENDED), { bytes: archive.length });
    const [file = ''] = files();
    assert.equal(statSync(join(fixture.agent.state.uploadsFolder, file)).mode & 0o777, 0o600);
    const data = { spec: FOLDER_SPEC, context: { upload, sha256 } };
    const { status, data: result } = await start(client, data);
    assert.equal(status, 'done');
    client.close(1000);
    await client.closed();
    assert.ok((await contextOf(deployments.starts.at(-1))).equals(archive));
    deployments.succeed((result['deployment'] as { id: string }).id);
    await eventually('the file is removed', () => files().length === 0);
    await assert.rejects(contextOf(deployments.starts.at(-1)), { code: 'conflict' });
  });

  it('goes on after a cut in the middle', async () => {
    const upload = randomUUID();
    const stream = await open(client, upload);
    client.sendFrame(UPLOAD_DATA, stream, 1, archive.subarray(0, 100_000));
    client.sendFrame(UPLOAD_DATA, stream, 2, archive.subarray(100_000, 200_000));
    await client.until('an ack', () => client.messages.some(({ type }) => type === 'ack'));
    client.cut();
    const again = await fixture.comeBack(client, [stream]);
    const streams = again.established.data['streams'] as { stream: number; sequence: number }[];
    const sequence = streams[0]?.sequence ?? 0;
    assert.ok(sequence > 0);
    send(again, stream, archive, sequence + 1);
    await again.until('its end', () => ended(again, stream, UPLOAD_ENDED) !== undefined);
    const data = { spec: FOLDER_SPEC, context: { upload, sha256 } };
    assert.equal((await start(again, data)).status, 'done');
  });

  it('refuses more than the limit, and gives the room back', async () => {
    await fixture.dispose();
    await begin({ settings: { uploadMaxMegabytes: 1 } });
    const stream = await open(client, randomUUID());
    send(client, stream, randomBytes(1_500_000));
    await client.until('its end', () => ended(client, stream, UPLOAD_ENDED) !== undefined);
    const error = ended(client, stream, UPLOAD_ENDED)?.['error'] as { code: string };
    assert.equal(error.code, 'tooLarge');
    await eventually('the file is removed', () => files().length === 0);
    const upload = randomUUID();
    const second = await open(client, upload);
    send(client, second, archive);
    await client.until('its end', () => ended(client, second, UPLOAD_ENDED) !== undefined);
    assert.deepEqual(ended(client, second, UPLOAD_ENDED), { bytes: archive.length });
  });

  it('says that its disk is full, and goes on when there is room', async function () {
    const disk = SmallDisk.mountOrSkip(this, 4);
    await fixture.dispose();
    await begin({ stateFolder: join(disk.path, 'state') });
    try {
      const free = disk.fill();
      const stream = await open(client, randomUUID());
      send(client, stream, archive);
      await client.until('its end', () => ended(client, stream, UPLOAD_ENDED) !== undefined);
      const error = ended(client, stream, UPLOAD_ENDED)?.['error'];
      assert.deepEqual(error, { code: 'engineFailure', message: "The agent's disk is full." });
      await eventually('the file is removed', () => files().length === 0);
      free();
      const upload = randomUUID();
      const second = await open(client, upload);
      send(client, second, archive);
      await client.until('its end', () => ended(client, second, UPLOAD_ENDED) !== undefined);
      const data = { spec: FOLDER_SPEC, context: { upload, sha256 } };
      assert.equal((await start(client, data)).status, 'done');
    } finally {
      await fixture.dispose();
      disk.dispose();
      await begin();
    }
  });

  it('removes what nobody deploys: with stop_upload, with the session, with the agent', async () => {
    const upload = randomUUID();
    const stream = await open(client, upload);
    send(client, stream, archive);
    await client.until('its end', () => ended(client, stream, UPLOAD_ENDED) !== undefined);
    assert.equal((await client.command('deployment', 'stop_upload', { upload })).status, 'done');
    await eventually('the file is removed', () => files().length === 0);
    const other = await open(client, randomUUID());
    client.sendFrame(UPLOAD_DATA, other, 1, archive.subarray(0, 1_000));
    await eventually('a file', () => files().length === 1);
    client.close(1000);
    await eventually('the file is removed', () => files().length === 0);
  });

  it('starts nothing with another digest, an incomplete upload, or none', async () => {
    const upload = randomUUID();
    const stream = await open(client, upload);
    const spec = FOLDER_SPEC;
    const early = await start(client, { spec, context: { upload, sha256 } });
    assert.equal(early.error?.code, 'noSuchUpload');
    send(client, stream, archive);
    await client.until('its end', () => ended(client, stream, UPLOAD_ENDED) !== undefined);
    const other = createHash('sha256').update('other').digest('base64url');
    const wrong = await start(client, { spec, context: { upload, sha256: other } });
    assert.equal(wrong.error?.code, 'badRequest');
    assert.equal((await start(client, { spec })).error?.code, 'badRequest');
    assert.equal(deployments.starts.length, 0);
    assert.equal((await start(client, { spec, context: { upload, sha256 } })).status, 'done');
  });

  it('takes only so many at a time, and closes a client that sends beyond its credit', async () => {
    for (let count = 0; count < 4; count++) await open(client, randomUUID());
    const data = { stream: client.newStream(), upload: randomUUID(), credit: CREDIT };
    const refused = await client.command('deployment', 'start_upload', data);
    assert.equal(refused.error?.code, 'tooManyStreams');
    const hasty = await fixture.open();
    const stream = await open(hasty, randomUUID());
    hasty.sendFrame(UPLOAD_DATA, stream, 3, Buffer.alloc(10));
    assert.equal(await hasty.closed(), 4460);
  });
});
