/** Images made on the spot, because tests may have no registry. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aptInstall, whyNoApt } from './apt.mjs';
import { engineJson, engineRequest } from './engineApi.mjs';
import { run, runOrThrow } from './processes.mjs';

/** @typedef {import('./engineApi.mjs').EngineAddress} EngineAddress */

const REPOSITORY = 'quaywatch/busybox';
const TAG = '1';
export const BUSYBOX_IMAGE = `${REPOSITORY}:${TAG}`;
const PULLED_IMAGE = { repository: 'busybox', tag: '1.36' };
const BUSYBOX = '/bin/busybox';

/**
 * Makes sure the engine has `quaywatch/busybox:1`: a shell and the usual applets. It is made from Debian's
 * static busybox, or pulled where that can't be had.
 * @param {EngineAddress} engine
 */
export async function ensureBusyboxImage(engine) {
  if ((await engineRequest(engine, 'GET', `/images/${BUSYBOX_IMAGE}/json`)).status === 200) return;
  if (!(await hasStaticBusybox()) && !whyNoApt()) {
    await aptInstall(['busybox-static'], 'to make a small image for containers');
  }
  await ((await hasStaticBusybox()) ? importBusybox(engine) : pullBusybox(engine));
}

/** The plain `busybox` package is linked dynamically and of no use in an empty image. */
async function hasStaticBusybox() {
  return process.platform === 'linux' && existsSync(BUSYBOX) && (await run('ldd', [BUSYBOX])).code !== 0;
}

/** @param {EngineAddress} engine */
async function importBusybox(engine) {
  const root = await mkdtemp(join(tmpdir(), 'quaywatch-image-'));
  try {
    await makeRootFilesystem(root);
    const query = new URLSearchParams({ fromSrc: '-', repo: REPOSITORY, tag: TAG });
    query.append('changes', 'CMD ["sh"]');
    query.append('changes', 'ENV PATH=/bin');
    const tar = spawn('tar', ['-C', root, '--owner=0', '--group=0', '--numeric-owner', '-c', '.']);
    const { status, body } = await engineRequest(engine, 'POST', `/images/create?${query}`, {
      tar: tar.stdout,
    });
    if (status >= 400 || body.includes('"error"')) throw new Error(`importing ${BUSYBOX_IMAGE}: ${body}`);
    await tagImported(engine);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Podman imports without heeding the tag. @param {EngineAddress} engine */
async function tagImported(engine) {
  if ((await engineRequest(engine, 'GET', `/images/${BUSYBOX_IMAGE}/json`)).status === 200) return;
  await engineJson(engine, 'POST', `/images/${REPOSITORY}:latest/tag?repo=${REPOSITORY}&tag=${TAG}`);
}

/** @param {string} root */
async function makeRootFilesystem(root) {
  for (const name of ['bin', 'dev', 'etc', 'proc', 'root', 'sys', 'tmp', 'var', 'www'])
    await mkdir(join(root, name));
  await chmod(root, 0o755);
  await chmod(join(root, 'tmp'), 0o1777);
  await copyFile(BUSYBOX, join(root, 'bin', 'busybox'));
  await writeFile(join(root, 'etc', 'passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  await writeFile(join(root, 'etc', 'group'), 'root:x:0:\n');
  const { stdout } = await runOrThrow(BUSYBOX, ['--list']);
  for (const applet of stdout.split('\n').filter((name) => name && name !== 'busybox')) {
    await symlink('busybox', join(root, 'bin', applet));
  }
}

/** @param {EngineAddress} engine */
async function pullBusybox(engine) {
  const { repository, tag } = PULLED_IMAGE;
  const query = new URLSearchParams({ fromImage: repository, tag });
  const { status, body } = await engineRequest(engine, 'POST', `/images/create?${query}`);
  if (status >= 400 || body.includes('"error"')) throw new Error(`pulling ${repository}:${tag}: ${body}`);
  await engineJson(engine, 'POST', `/images/${repository}:${tag}/tag?repo=${REPOSITORY}&tag=${TAG}`);
}
