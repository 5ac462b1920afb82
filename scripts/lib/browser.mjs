/** The browser that VS Code's workbench is driven in: a Chrome or Chromium of the machine, or Debian's. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aptInstall, whyNoApt } from './apt.mjs';
import { atEnd } from './processes.mjs';

const DEBIAN_CHROMIUM = '/usr/bin/chromium';
const USUAL_PLACES = [
  DEBIAN_CHROMIUM,
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/chromium-browser',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];
/** Nothing that phones home; GPU and sandbox are not to be had as root on a machine without a display. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function findBrowser() {
  return [process.env['CHROME_PATH'] ?? '', ...USUAL_PLACES].find((path) => path && existsSync(path));
}

/** Why no browser can be had here, or undefined when one can. */
export function whyNoBrowser() {
  const noApt = findBrowser() ? undefined : whyNoApt();
  return noApt && `no Chrome or Chromium (CHROME_PATH can name one), and ${noApt}`;
}

/** The browser's path, after installing Debian's Chromium where none is. */
export async function ensureBrowser() {
  const found = findBrowser();
  if (found) return found;
  await aptInstall(['chromium', 'fonts-dejavu-core'], 'to drive VS Code in tests');
  return DEBIAN_CHROMIUM;
}

/**
 * Starts the browser without a window, with a profile of its own in a temporary folder.
 * @returns {Promise<import('playwright-core').Browser>}
 */
export async function launchBrowser() {
  const executablePath = await ensureBrowser();
  const { chromium } = await import('playwright-core');
  // Crash reports and caches go below HOME, which may be anybody's.
  const home = await mkdtemp(join(tmpdir(), 'quaywatch-browser-'));
  const removeHome = atEnd(() => rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }));
  const env = { ...process.env, HOME: home };
  const browser = await chromium.launch({
    executablePath,
    args: ARGUMENTS,
    env,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
  const close = atEnd(() => browser.close());
  browser.once('disconnected', () => void close().then(removeHome));
  return browser;
}
