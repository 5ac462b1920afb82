/**
 * `npm start`: VS Code with the extension and a Docker engine to look at, from a fresh clone. Ctrl-C stops what
 * it started and nothing else.
 *
 *   --port N     the port of VS Code in the browser (a free one by default)
 *   --no-open    VS Code in the browser without opening one: only its address is printed
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dockerHostOf } from './lib/engineApi.mjs';
import { atEnd, errorText, run, runMain, runOrThrow, spawnOwned } from './lib/processes.mjs';
import { REPOSITORY, ensureDependencies } from './lib/repository.mjs';
import { startSamples } from './lib/samples.mjs';
import { obtainEngine } from './lib/startEngine.mjs';
import { NEWEST_VSCODE } from './lib/vscodeInstall.mjs';
import { startVSCode } from './lib/vscodeServer.mjs';
import { packageExtension } from './lib/vsix.mjs';

const { values } = parseArgs({
  options: { port: { type: 'string' }, 'no-open': { type: 'boolean', default: false } },
});

await runMain(async (stop) => {
  await ensureDependencies();
  console.log('Building and packaging the extension.');
  const { path: vsix } = await packageExtension();
  const engine = await obtainEngine();
  if (engine.kind !== 'demo') await offerSamples(engine.address);
  const env = engine.kind === 'found' ? {} : { DOCKER_HOST: dockerHostOf(engine.address) };
  const code = values['no-open'] || process.getuid?.() === 0 ? undefined : await findDesktopVSCode();
  if (code) await openDesktop(code, vsix, env);
  else await openInBrowser(vsix, env);
  console.log('Ctrl-C ends it.');
  await new Promise((resolve) => stop.addEventListener('abort', resolve));
  return 0;
});

/** @param {import('./lib/engineApi.mjs').EngineAddress} address */
async function offerSamples(address) {
  try {
    if (await startSamples(address))
      console.log('Nothing ran there: started sample containers (the project "shop").');
  } catch (error) {
    // The editor is worth opening all the same.
    console.error(`No sample containers: ${errorText(error)}`);
  }
}

async function findDesktopVSCode() {
  const name = process.platform === 'win32' ? 'code.cmd' : 'code';
  const { code } = await run(name, ['--version'], { shell: process.platform === 'win32' }).catch(() => ({
    code: 1,
  }));
  return code === 0 ? name : undefined;
}

/**
 * With an engine of our own it is a VS Code of its own too: one that runs already would not see DOCKER_HOST.
 * @param {string} code
 * @param {string} vsix
 * @param {NodeJS.ProcessEnv} env
 */
async function openDesktop(code, vsix, env) {
  const options = { env: { ...process.env, ...env }, shell: process.platform === 'win32' };
  const folders = Object.keys(env).length > 0 ? await ownFolders() : [];
  await runOrThrow(code, [...folders, '--install-extension', vsix, '--force'], options);
  await runOrThrow(code, [...folders, '--new-window', REPOSITORY], options);
  console.log('Opened VS Code. Look for the Quaywatch icon in its activity bar.');
}

async function ownFolders() {
  const dir = await mkdtemp(join(tmpdir(), 'quaywatch-code-'));
  atEnd(() => rm(dir, { recursive: true, force: true }));
  return ['--user-data-dir', join(dir, 'data'), '--extensions-dir', join(dir, 'extensions')];
}

/** @param {string} vsix @param {NodeJS.ProcessEnv} env */
async function openInBrowser(vsix, env) {
  const port = values.port ? { port: Number(values.port) } : {};
  const server = await startVSCode({ version: NEWEST_VSCODE, vsix, env, ...port });
  const url = server.urlOf(REPOSITORY);
  console.log(`VS Code: ${url}`);
  const hasDisplay =
    process.platform === 'darwin' || process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY'];
  if (values['no-open'] || !hasDisplay) return;
  try {
    spawnOwned(process.platform === 'darwin' ? 'open' : 'xdg-open', [url]);
  } catch {
    // The address is on screen.
  }
}
