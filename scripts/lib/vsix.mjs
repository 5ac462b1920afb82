/** Builds the extension and packages it, and refuses a package with anything in it that users don't need. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runOrThrow } from './processes.mjs';
import { REPOSITORY } from './repository.mjs';

const MAX_BYTES = 1024 * 1024;
/** The README as it is packaged, relative to the repository. */
const PACKAGED_README = 'dist/README.md';
const RELATIVE_PICTURE = /^!\[[^\]]*\]\((?![\w+.-]+:)[^)]*\)\n\n/gm;
const RELATIVE_LINK = /(?<!!)\[([^\]]*)\]\((?![\w+.-]+:|#)[^)]*\)/g;
/** What may be in the package, below its `extension/` folder. Pictures count only when the README shows them. */
const ALLOWED = [
  /^dist\/[\w.-]+\.(js|css)$/,
  /^dist\/webview\/[a-z]+\.(js|css)$/,
  /^dist\/agent\/(quaywatch-agent\.(js|service)|Dockerfile|compose\.yaml)$/,
  /^media\/[\w./-]+\.(svg|png|woff2?|md)$/,
  /^package(\.nls(\.[\w-]+)?)?\.json$/,
  /^l10n\/[\w.-]+\.json$/,
  /^(README|readme|CHANGELOG|changelog)\.md$/,
  /^LICENSE(\.txt|\.md)?$/,
  /^([\w-]+\/)*[\w.-]*(language-configuration|tmLanguage|schema)[\w.-]*\.json$/,
];
const PICTURE = /\.(png|gif|jpg|jpeg|webp|svg)$/;
/** What vsce puts beside the `extension/` folder. */
const WRAPPING = ['extension.vsixmanifest', '[Content_Types].xml'];

/**
 * @returns {Promise<{path: string, bytes: number, files: string[]}>} the package, in the repository's root
 */
export async function packageExtension() {
  const manifest = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8'));
  const path = join(REPOSITORY, `${manifest.name}-${manifest.version}.vsix`);
  await rm(path, { force: true });
  const vsce = join(REPOSITORY, 'node_modules', '@vscode', 'vsce', 'vsce');
  await writePackagedReadme();
  // vsce runs the script vscode:prepublish, which builds for production.
  const args = [
    'package',
    '--no-dependencies',
    '--allow-missing-repository',
    ...['--readme-path', PACKAGED_README],
    // There is no repository on the web to point at, and nothing relative is left.
    '--no-rewrite-relative-links',
    '--out',
    path,
  ];
  await runOrThrow(process.execPath, [vsce, ...args], { cwd: REPOSITORY });
  const files = zipEntries(await readFile(path));
  await checkFiles(files);
  const { size } = await stat(path);
  if (size > MAX_BYTES) throw new Error(`the package has ${size} bytes, more than ${MAX_BYTES}`);
  return { path, bytes: size, files };
}

/**
 * VS Code's page about an extension shows no file of the package, neither as a path nor as a data URL, and follows no link
 * to one. So pictures are left out, and of links to the repository's files the words stay.
 */
async function writePackagedReadme() {
  const readme = await readFile(join(REPOSITORY, 'README.md'), 'utf8');
  const packaged = readme.replace(RELATIVE_PICTURE, '').replace(RELATIVE_LINK, '$1');
  await mkdir(join(REPOSITORY, dirname(PACKAGED_README)), { recursive: true });
  await writeFile(join(REPOSITORY, PACKAGED_README), packaged);
}

/** @param {readonly string[]} files */
async function checkFiles(files) {
  const readme = await readFile(join(REPOSITORY, 'README.md'), 'utf8').catch(() => '');
  const surplus = files.filter((file) => {
    if (WRAPPING.includes(file)) return false;
    const inside = file.replace(/^extension\//, '');
    return (
      !ALLOWED.some((pattern) => pattern.test(inside)) && !(PICTURE.test(inside) && readme.includes(inside))
    );
  });
  if (surplus.length > 0) throw new Error(`not for the package (see .vscodeignore): ${surplus.join(', ')}`);
  for (const needed of ['dist/extension.js', 'dist/agent/quaywatch-agent.js', ...(await pageFiles())]) {
    if (!files.includes(`extension/${needed}`)) throw new Error(`the package has no ${needed}`);
  }
}

/** The bundles of the pages: each folder of `webview/` that is no part of others has a script and a style sheet. */
async function pageFiles() {
  const entries = await readdir(join(REPOSITORY, 'webview'), { withFileTypes: true });
  const pages = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const withMain = pages.filter((name) => existsSync(join(REPOSITORY, 'webview', name, 'main.ts')));
  return withMain.flatMap((name) => [`dist/webview/${name}.js`, `dist/webview/${name}.css`]);
}

/**
 * The names in a zip file, from its central directory (PKWARE APPNOTE 4.3.12).
 * @param {Buffer} zip
 */
function zipEntries(zip) {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0) throw new Error('the package is no zip file');
  const names = [];
  let offset = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((at) => zip.readUInt16LE(offset + at));
    const nameStart = offset + 46;
    names.push(zip.toString('utf8', nameStart, nameStart + Number(nameBytes)));
    offset = nameStart + Number(nameBytes) + Number(extraBytes) + Number(commentBytes);
  }
  return names.filter((name) => !name.endsWith('/'));
}
