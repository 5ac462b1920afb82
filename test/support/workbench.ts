/** Starts a real VS Code with the packaged extension and opens it in a browser, as a person would have it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../../scripts/lib/browser.mjs';
import { atEnd, cleanUpOnSignals } from '../../scripts/lib/processes.mjs';
import { NEWEST_VSCODE, type VSCodeVersion } from '../../scripts/lib/vscodeInstall.mjs';
import { startVSCode } from '../../scripts/lib/vscodeServer.mjs';
import { VSCodePage } from './vscodePage';

export interface WorkbenchOptions {
  /** The package to install; by default the one that the runner built. */
  readonly vsix?: string;
  readonly version?: VSCodeVersion;
  /** User settings on top of the quiet defaults. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Environment of the extension host: DOCKER_HOST and the like. An undefined value removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The folder to open; an empty temporary one by default. */
  readonly folder?: string;
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Ask whether to trust the folder, as desktop VS Code does. Off by default: everything is trusted. */
  readonly workspaceTrust?: boolean;
}

export interface Workbench {
  readonly page: VSCodePage;
  readonly browser: Browser;
  /** VS Code's own log of the extension host and its output channels, for a failure's explanation. */
  serverLog(): Promise<string>;
  /** Ends the browser and VS Code and removes their data. */
  dispose(): Promise<void>;
}

const defaultViewport = { width: 1280, height: 900 };

/** Resolves when the workbench is on screen; a failure leaves nothing running. */
export async function openWorkbench(options: WorkbenchOptions = {}): Promise<Workbench> {
  cleanUpOnSignals();
  const vsix = options.vsix ?? process.env['QUAYWATCH_VSIX'];
  if (!vsix) throw new Error('QUAYWATCH_VSIX names no package: run npm test, or npm run package and set it');
  const disposers: (() => Promise<void>)[] = [];
  const dispose = async () => {
    for (let disposer = disposers.pop(); disposer; disposer = disposers.pop()) await disposer();
  };
  try {
    return await openWith(options, vsix, dispose, disposers);
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function openWith(
  options: WorkbenchOptions,
  vsix: string,
  dispose: () => Promise<void>,
  disposers: (() => Promise<void>)[],
): Promise<Workbench> {
  const empty = await mkdtemp(join(tmpdir(), 'quaywatch-workspace-'));
  disposers.push(atEnd(() => rm(empty, { recursive: true, force: true })));
  const server = await startVSCode({
    version: options.version ?? NEWEST_VSCODE,
    vsix,
    settings: { ...options.settings },
    env: { ...options.env },
    workspaceTrust: options.workspaceTrust ?? false,
    isolated: true,
  });
  disposers.push(() => server.dispose());
  const browser = await launchBrowser();
  disposers.push(() => browser.close());
  const context = await browser.newContext({ viewport: options.viewport ?? defaultViewport });
  const page = new VSCodePage(await context.newPage(), server.dataDir);
  await page.allowClipboard();
  await page.open(server.urlOf(options.folder ?? empty));
  return { page, browser, serverLog: () => readFile(server.logFile, 'utf8'), dispose };
}
