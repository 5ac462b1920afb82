/**
 * The plugins of the docker CLI that build with BuildKit (`docker buildx`) and deploy with Compose 2
 * (`docker compose`). Debian 12 has neither; those of Debian 13 need nothing but a libc that it has, too. They
 * are unpacked once into `.vscode-test/`, and never installed: no other program of the machine sees them.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, run, runOrThrow } from './processes.mjs';
import { CACHE, atomically } from './vscodeInstall.mjs';

const MIRROR = 'http://deb.debian.org/debian/pool/main/d';
/** Downloads as apt is set up to, by a proxy for instance, and compares the checksum. */
const APT_HELPER = '/usr/lib/apt/apt-helper';
/** Node's names of the processors that Debian's index was asked about, and Debian's own. */
const ARCHITECTURES = new Map([
  ['x64', 'amd64'],
  ['arm64', 'arm64'],
]);

/** Checksums are those of the index of Debian 13 (`dists/trixie/main/binary-…/Packages`). */
const PLUGINS = [
  {
    name: 'docker-buildx',
    version: '0.13.1+ds1-3',
    sha256: new Map([
      ['amd64', 'fcf8c48204d1603c8f209451d7827eb91bf30759578baf7704e9e1a87e5f1d7f'],
      ['arm64', '6cf361ab892b55753b728adcbd1a99f0616711df853dba64a5297a4a676d96b0'],
    ]),
  },
  {
    name: 'docker-compose',
    version: '2.26.1-4',
    sha256: new Map([
      ['amd64', '47681197cb2b1ab88206b42a1a92fc75f50d9530a6322d03494a473eed0408ea'],
      ['arm64', 'bbafaa666f3e7fa00ad36f2a8bab889f1c791ca8743d674e7267a3d07203869c'],
    ]),
  },
];

/**
 * The folder of the plugins, downloaded unless they are there, or why they can't be had here. A folder that has
 * it under the name `cli-plugins` is a DOCKER_CONFIG with which the docker CLI knows them.
 * @returns {Promise<{folder: string} | {obstacle: string}>}
 */
export async function ensureDockerPlugins() {
  const folder = join(CACHE, directoryName());
  if (existsSync(folder)) return { folder };
  const obstacle = whyNoPlugins();
  if (obstacle) return { obstacle };
  console.log('Downloading the plugins of the docker CLI for BuildKit and Compose 2 from Debian; once.');
  return atomically(folder, unpackInto).then(
    () => ({ folder }),
    (error) => ({ obstacle: `the docker CLI's plugins can't be had: ${errorText(error)}` }),
  );
}

function directoryName() {
  const versions = PLUGINS.map(({ name, version }) => `${name}-${version}`);
  return [...versions, process.platform, process.arch].join('-');
}

function whyNoPlugins() {
  if (process.platform !== 'linux') return "Debian's plugins of the docker CLI need Linux";
  if (!ARCHITECTURES.has(process.arch))
    return `no plugins of the docker CLI are known for ${process.arch} processors`;
  if (!existsSync(APT_HELPER)) return "the docker CLI's plugins come from Debian, and there is no apt";
  return undefined;
}

/** @param {string} folder */
async function unpackInto(folder) {
  for (const { name, version, sha256 } of PLUGINS) {
    const architecture = ARCHITECTURES.get(process.arch) ?? '';
    const file = `${name}_${version}_${architecture}.deb`;
    const work = join(folder, 'work');
    await mkdir(work, { recursive: true });
    const checksum = `SHA256:${sha256.get(architecture)}`;
    await runOrThrow(APT_HELPER, ['download-file', `${MIRROR}/${name}/${file}`, join(work, file), checksum]);
    await runOrThrow('dpkg-deb', ['--extract', join(work, file), work]);
    await copyFile(join(work, 'usr', 'libexec', 'docker', 'cli-plugins', name), join(folder, name));
    await rm(work, { recursive: true });
    // An older libc than theirs shows here.
    const { code, output } = await run(join(folder, name), ['docker-cli-plugin-metadata']);
    if (code !== 0) throw new Error(`${name} does not run here: ${output.trim()}`);
  }
}
