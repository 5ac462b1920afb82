import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { e2eSuite, printing } from '../support/e2eSuite';

const SAMPLE = [
  '2026-11-21T09:32:16.123Z INFO  server listening on http://localhost:8080 pid=42 ready=true',
  '2026-11-21 09:32:17,004 WARN  [pool-1] cache is 93% full, evicting 512 entries in 12.5ms',
  'time="2026-11-21T09:32:18Z" level=error msg="could not connect" retries=3',
  '{"level":50,"time":1763717539000,"msg":"payment failed","order":"a1b2c3d4-0000-4000-8000-1234567890ab"}',
  'E1121 09:32:19.000001       1 main.go:42] lease lost',
  '[debug] cache miss for "user:42"',
  'ERROR TypeError: Cannot read properties of undefined',
  '    at checkout (/app/src/checkout.ts:12:5)',
  '    at process (/app/node_modules/gone/index.js:1:1)',
  'Traceback (most recent call last):',
  '  File "/srv/app/main.py", line 3, in <module>',
  'plain text without anything',
  '',
].join('\n');

/** About 20 MB on both streams, and the same of about 200 MB for who needs time. */
const many = (lines: number): string =>
  `awk 'BEGIN { for (i = 1; i <= ${lines}; i++) { l = "line " i " of a log that is long enough to be worth saving, and then some more of it"; if (i % 10 == 0) print l > "/dev/stderr"; else print l } }'; ${printing('the end\n')}`;

/** A workspace that has one of the files the sample names. */
const workspace = path.join(tmpdir(), `quaywatch-reading-${process.pid}`);

describe('reading logs, installed and on screen', () => {
  before(async () => {
    await mkdir(path.join(workspace, 'src'), { recursive: true });
    await writeFile(path.join(workspace, 'src', 'checkout.ts'), 'export {};\n'.repeat(20));
  });
  const suite = e2eSuite({ settings: { 'terminal.integrated.gpuAcceleration': 'off' }, folder: workspace });
  let folder: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'quaywatch-saved-'));
    await suite.page.openViewContainer('Quaywatch');
  });
  after(async () => {
    for (const one of [folder, workspace]) await rm(one, { recursive: true, force: true });
  });

  async function choose(name: string, item: string): Promise<void> {
    await suite.tree.waitForRow(name);
    await suite.tree.chooseFromMenu(name, item);
  }

  it('tails with timestamps when asked to', async () => {
    await suite.run('sample', printing(SAMPLE));
    await choose('sample', 'Tail Logs…');
    await suite.page.pick('Since 5 minutes ago');
    await suite.page.pick('With timestamps');
    await suite.page.pick('Without a filter');
    const text = await suite.page.waitForOutput('plain text without anything');
    assert.match(text, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} 2026-11-21T09:32:16\.123Z INFO {2}server/);
  });

  it('says that a time is yet to come', async () => {
    await choose('sample', 'Tail Logs…');
    await suite.page.pick('Since a time…');
    await suite.page.typeInput('2999-01-01');
    await suite.page.waitForInputMessage(/That is in the future/);
    await suite.page.closeQuickInput();
  });

  it('colours levels, times and its own marker lines', async () => {
    await choose('sample', 'Tail Logs…');
    await suite.page.pick('Whole log');
    await suite.page.pick('Without timestamps');
    await suite.page.pick('Without a filter');
    await suite.page.waitForOutput('plain text without anything');
    await suite.docker.getContainer('sample').stop();
    await suite.page.waitForOutput(/── stopped, exit \d+ ──/);
    const [plain] = await suite.page.outputColours('plain text without anything');
    const [marker] = await suite.page.outputColours('── stopped');
    assert.ok(plain && marker && plain.colour !== marker.colour, JSON.stringify({ plain, marker }));
    const error = (await suite.page.outputColours('TypeError')).find(({ text }) => text.includes('ERROR'));
    assert.ok(error && ![plain.colour, marker.colour].includes(error.colour), JSON.stringify(error));
    for (const theme of ['light', 'highContrast', 'highContrastLight', 'dark'] as const) {
      await suite.page.setTheme(theme);
      await suite.page.screenshot(`log-language-${theme}`);
    }
  });

  it('links frames to files of the workspace', async () => {
    await suite.page.waitForLink('/app/src/checkout.ts:12:5');
    assert.equal(await suite.page.linkCount('/app/node_modules/gone/index.js:1:1'), 0);
  });

  it('saves a complete log', async () => {
    const container = await suite.run('long', many(250_000));
    await logEndsWith(container, 'the end');
    const file = path.join(folder, 'long.log');
    await choose('long', 'Save Logs As…');
    await suite.page.pick('Without timestamps');
    await suite.page.answerFileDialog(file);
    await suite.page.waitForNotification(/The log of long was saved: 250,001 lines, \d+\.\d MB/);
    await suite.page.screenshot('log-saved');
    const engineText = demultiplexed(await container.logs({ stdout: true, stderr: true, follow: false }));
    const saved = await readFile(file);
    assert.equal(saved.length, engineText.length);
    assert.equal(digest(saved), digest(engineText));
    assert.deepEqual(await readdir(folder), ['long.log']);
    await suite.page.clearNotifications();
  }).timeout(180_000);

  it('leaves nothing behind when saving is cancelled', async () => {
    const container = await suite.run('longer', many(2_000_000));
    await logEndsWith(container, 'the end');
    await choose('longer', 'Save Logs As…');
    await suite.page.pick('With timestamps');
    await suite.page.answerFileDialog(path.join(folder, 'longer.log'));
    await suite.page.waitForNotification(/Saving the log of longer: .*lines/);
    await suite.page.screenshot('log-saving');
    await suite.page.answerNotification(/Saving the log of longer/, 'Cancel');
    await suite.page.waitForNotification(/was cancelled; no file was written/);
    assert.deepEqual(await readdir(folder), ['long.log']);
    await suite.page.clearNotifications();
  }).timeout(180_000);

  it('says why a log can not be saved', async () => {
    await mkdir(path.join(folder, 'shut'));
    await choose('long', 'Save Logs As…');
    await suite.page.pick('Without timestamps');
    await suite.page.answerFileDialog('/proc/quaywatch.log');
    await suite.page.waitForNotification(
      /Could not save the log of long: the folder does not exist|may not be/,
    );
    await suite.page.clearNotifications();
  });

  it('opens a log in an editor', async () => {
    await choose('long', 'Open Logs in Editor');
    await suite.page.waitForEditor('the end');
    await suite.page.screenshot('log-editor');
  });

  it('opens a log in a terminal, with its colours', async () => {
    const container = await suite.run('painted', printing('\u001b[1;32mgreen\u001b[0m and plain\n'));
    await choose('painted', 'Open Logs in Terminal');
    await suite.page.waitForTerminal('green and plain');
    await suite.write(container, 'more of it\n');
    await suite.page.waitForTerminal('more of it');
    await container.kill();
    await container.start();
    await suite.page.waitForTerminal('restarted, exit 137');
    await suite.page.screenshot('log-terminal');
  });

  it('stops a tail whose container is gone', async () => {
    const container = await suite.run('leaving', printing('soon gone\n'));
    await choose('leaving', 'Tail Logs');
    await suite.page.waitForOutput('soon gone');
    await container.remove({ force: true });
    await suite.page.waitForOutput(/── the container was removed ──/);
    await suite.page.runCommand('Quaywatch: Stop Tailing');
    await suite.page.pick('leaving');
    await suite.page.waitForOutput(/── no longer tailing ──/);
  });
});

interface LogOwner {
  logs(options: { stdout: true; stderr: true; tail: number; follow: false }): Promise<Buffer>;
}

/** Waits until the container has written all of its log. */
async function logEndsWith(container: LogOwner, text: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    const newest = await container.logs({ stdout: true, stderr: true, tail: 5, follow: false });
    if (newest.includes(text)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.fail(`no ${text}`);
}

/** The payloads of Docker's frames: a byte for the stream, three zeros, the length, the payload. */
function demultiplexed(framed: Buffer): Buffer {
  const payloads: Buffer[] = [];
  for (let at = 0; at < framed.length;) {
    const length = framed.readUInt32BE(at + 4);
    payloads.push(framed.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(payloads);
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
