import type Docker from 'dockerode';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { atEnd, endOwned, hasExited, spawnOwned, waitFor } from '../../scripts/lib/processes.mjs';
import { skipWithReason, type Skippable } from './skip';
import { busyboxImage, testLabel } from './testEngine';
import { tarOf } from './tar';

const PROGRAM = '/usr/bin/docker-registry';

/** What a registry with sign-in lets in. The password is one to look for where it must not be. */
export const REGISTRY_USER = { username: 'deployer', password: 'planted-registry-7c2e' };
/** Made of that password with bcrypt, the only hash that the registry takes. */
const PASSWORD_HASH = '$2b$04$A.bU1xX7g6XprDy4r1LFcevbQHI2F8BByVDPo8MY2oNA8MVfgSfD6';

/** For a `before` hook: all tests of the suite are skipped with the reason where there is no registry to start. */
export function registryOrSkip(context: Skippable): void {
  if (existsSync(PROGRAM)) return;
  const why = process.env['QUAYWATCH_NO_TEST_REGISTRY'] ?? 'no registry: apt-get install docker-registry';
  skipWithReason(context, why);
}

/** Debian's registry of images, on a port of the loopback address, which every engine trusts without a certificate. */
export class TestRegistry {
  private constructor(
    readonly port: number,
    private readonly hasSignIn: boolean,
    private readonly end: () => Promise<void>,
  ) {}

  /** @param hasSignIn lets only {@link REGISTRY_USER} in */
  static async start({ hasSignIn = false } = {}): Promise<TestRegistry> {
    const folder = mkdtempSync(join(tmpdir(), 'quaywatch-registry-'));
    const removeFolder = atEnd(() => rm(folder, { recursive: true, force: true }));
    const port = await freePort();
    const passwords = join(folder, 'htpasswd');
    writeFileSync(passwords, `${REGISTRY_USER.username}:${PASSWORD_HASH}\n`);
    // JSON is YAML, too.
    const config = {
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(folder, 'images') } },
      http: { addr: `127.0.0.1:${port}`, secret: 'of-tests' },
      ...(hasSignIn && { auth: { htpasswd: { realm: 'tests', path: passwords } } }),
    };
    writeFileSync(join(folder, 'config.yml'), JSON.stringify(config));
    const child = spawnOwned(PROGRAM, ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
    const end = async (): Promise<void> => {
      await endOwned(child);
      await removeFolder();
    };
    const address = `http://127.0.0.1:${port}/v2/`;
    const answers = (): Promise<boolean> => {
      if (hasExited(child)) throw new Error('the registry ended');
      return fetch(address).then(
        () => true,
        () => false,
      );
    };
    try {
      await waitFor(answers, { what: 'the registry answers' });
    } catch (error) {
      await end();
      throw error;
    }
    return new TestRegistry(port, hasSignIn, end);
  }

  /** The address of an image here, or by way of another port of this machine. */
  nameOf(image: string, port = this.port): string {
    return `127.0.0.1:${port}/${image}`;
  }

  /**
   * Makes an image with layers of its own, beside that of the image of tests, and puts it here; the engine does not keep
   * it.
   *
   * @param layers size of each in KiB; what is in them can't be compressed
   */
  async publish(docker: Docker, image: string, layers: readonly number[]): Promise<void> {
    const name = this.nameOf(image);
    const steps = layers.map(
      (size, index) => `RUN dd if=/dev/urandom of=/layer${index} bs=1024 count=${size}`,
    );
    const dockerfile = [`FROM ${busyboxImage}`, `LABEL ${testLabel}=1`, ...steps, ''].join('\n');
    const context = Readable.from([tarOf({ Dockerfile: Buffer.from(dockerfile) })]);
    await finished(docker, await docker.buildImage(context, { t: name, nocache: true }));
    const authconfig = this.hasSignIn ? REGISTRY_USER : {};
    await finished(docker, await docker.getImage(name).push({ authconfig }));
    await docker.getImage(name).remove({ force: true });
  }

  /** Gives an image that is here another tag. */
  async retag(image: string, tag: string): Promise<void> {
    const [repository = '', known = ''] = image.split(':');
    const at = (reference: string): string =>
      `http://127.0.0.1:${this.port}/v2/${repository}/manifests/${reference}`;
    const type = 'application/vnd.docker.distribution.manifest.v2+json';
    const manifest = await fetch(at(known), { headers: { accept: type } });
    const body = await manifest.text();
    const { status } = await fetch(at(tag), { method: 'PUT', headers: { 'content-type': type }, body });
    if (status !== 201) throw new Error(`the registry answered ${status}`);
  }

  dispose(): Promise<void> {
    return this.end();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('there is no free port');
  return address.port;
}

function finished(docker: Docker, stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error, output) => {
      const failure = (output as readonly { error?: string }[] | null)?.find(
        (one) => one.error !== undefined,
      );
      if (error || failure) reject(error ?? new Error(failure?.error));
      else resolve();
    });
  });
}
