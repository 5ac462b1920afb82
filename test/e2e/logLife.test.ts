import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import { e2eSuite, printing, type ContainerOptions } from '../support/e2eSuite';
import { skipWithReason } from '../support/skip';
import { engineControlOrSkip, type EngineControl } from '../support/testEngine';

const EIGHT_MEGABYTES = 8 * 1024 * 1024;
/**
 * Numbers its lines in each run from 1. The file /end has it write a last line and stay, the file /grow has it take
 * memory until there is none.
 */
const COUNTING = `
runs=$(( $(cat /runs 2>/dev/null || echo 0) + 1 )); echo $runs > /runs; n=0
while [ ! -e /end ]; do
  n=$(( n + 1 )); echo "run $runs line $n"; sleep 0.05
  if [ -e /grow ]; then rm /grow; a=xxxxxxxx; while :; do a=$a$a; done; fi
done
echo "run $runs ends after $n lines"; while :; do sleep 1; done`;

describe('the life of a tailed log, installed and on screen', () => {
  const suite = e2eSuite();
  let control: EngineControl;
  let folder: string;

  before(async function () {
    control = engineControlOrSkip(this);
    folder = await mkdtemp(path.join(tmpdir(), 'quaywatch-life-'));
    await suite.page.openViewContainer('Quaywatch');
  });
  after(async () => {
    await control.start();
    await rm(folder, { recursive: true, force: true });
  });

  /** A container that counts, tailed from its first line on. */
  async function counting(name: string, options: ContainerOptions = {}): Promise<Docker.Container> {
    const container = await suite.run(name, COUNTING, options);
    await suite.tree.waitForRow(name);
    await suite.tree.chooseFromMenu(name, 'Tail Logs…');
    await suite.page.pick('Whole log');
    await suite.page.pick('Without timestamps');
    await suite.page.pick('Without a filter');
    await suite.page.waitForOutput('run 1 line 10\n');
    return container;
  }

  async function inside(container: Docker.Container, command: string): Promise<void> {
    const exec = await container.exec({ Cmd: ['sh', '-c', command], AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    await new Promise((resolve) => stream.on('end', resolve).resume());
  }

  /** What the channel shows once the container has written its last line: its lines, and ours between them. */
  async function finished(container: Docker.Container) {
    await inside(container, ': > /end');
    const text = await suite.page.waitForOutput(/ends after \d+ lines\n/);
    const lines = text.trimEnd().split('\n');
    return {
      written: lines.filter((line) => !line.startsWith('── ')),
      markers: lines.filter((line) => line.startsWith('── ')),
    };
  }

  async function engineLines(container: Docker.Container): Promise<string[]> {
    const options = { stdout: true, stderr: true, tty: true } as const;
    const framed = await container.logs({ ...options, follow: false });
    const lines: string[] = [];
    for (let at = 0; at < framed.length;) {
      const end = at + 8 + framed.readUInt32BE(at + 4);
      lines.push(framed.toString('utf8', at + 8, end).trimEnd());
      at = end;
    }
    return lines;
  }

  /** What the engine has, and that it has two runs of which each counts from 1 without a hole. */
  async function assertWhole(written: readonly string[], ...containers: readonly Docker.Container[]) {
    const stored = (await Promise.all(containers.map(engineLines))).flat();
    assertCounted(stored);
    assert.deepEqual(written, stored);
  }

  function assertCounted(lines: readonly string[]): void {
    let expected = 1;
    for (const line of lines) {
      const number = Number(/line (\d+)$/.exec(line)?.[1] ?? expected);
      if (number === 1) expected = 1;
      assert.equal(number, expected, line);
      if (line.includes(' line ')) expected++;
    }
  }

  it('a restart: one marker, no line missing or doubled', async () => {
    const container = await counting('restarting');
    await container.restart({ t: 0 });
    await suite.page.waitForOutput('run 2 line 10\n');
    const { written, markers } = await finished(container);
    await assertWhole(written, container);
    assert.deepEqual(markers, ['── restarted, exit 137 ──']);
    await suite.page.screenshot('log-life-restart');
  });

  it('an end for want of memory, and a new start: one marker each', async function () {
    const limits = { Memory: EIGHT_MEGABYTES, MemorySwap: EIGHT_MEGABYTES };
    const container = await counting('greedy', { options: { HostConfig: limits } });
    const stop = container.wait();
    await inside(container, ': > /grow');
    await stop;
    const { State: state } = await container.inspect();
    if (!state.OOMKilled) skipWithReason(this, 'this system tells nobody of an end for want of memory');
    await suite.page.waitForOutput('── stopped, exit 137 (out of memory) ──\n');
    await container.start();
    await suite.page.waitForOutput('run 2 line 10\n');
    const { written, markers } = await finished(container);
    await assertWhole(written, container);
    assert.deepEqual(markers, ['── stopped, exit 137 (out of memory) ──', '── started again ──']);
    await suite.page.screenshot('log-life-memory');
  });

  it('a container that Compose creates anew: one marker, the old lines and then the new', async () => {
    const labels = {
      'com.docker.compose.project': 'life',
      'com.docker.compose.service': 'web',
      'com.docker.compose.container-number': '1',
    };
    const old = await counting('life-web-1', { labels });
    await old.kill();
    const before = await engineLines(old);
    await old.rename({ name: 'replaced_life-web-1' });
    await old.remove();
    const container = await suite.run('life-web-1', COUNTING, { labels });
    await suite.page.waitForOutput(/created anew[^]*run 1 line 10\n/);
    const { written, markers } = await finished(container);
    assert.deepEqual(written, [...before, ...(await engineLines(container))]);
    assertCounted(written);
    assert.deepEqual(
      markers.filter((marker) => marker !== '── stopped, exit 137 ──'),
      ['── created anew ──'],
    );
    await suite.page.screenshot('log-life-compose');
  });

  it('a restart of the engine: it is said once, and no line is missing or doubled', async () => {
    const container = await counting('enduring', {
      options: { HostConfig: { RestartPolicy: { Name: 'always' } } },
    });
    await control.restart();
    await suite.page.waitForOutput('run 2 line 10\n', 60_000);
    const { written, markers } = await finished(container);
    await assertWhole(written, container);
    const without = markers.filter((marker) => !marker.startsWith('── connection to the engine lost'));
    assert.ok(markers.length - without.length <= 1, markers.join('\n'));
    assert.deepEqual(without.map((marker) => marker.replace(/, exit \d+/, '')).sort(), [
      '── reconnected, going on where it broke off ──',
      '── restarted ──',
    ]);
    await suite.page.screenshot('log-life-engine');
  });

  it('a disk that is full while a log is saved: said so, nothing left there, the tail goes on', async function () {
    if (process.getuid?.() !== 0 || process.platform !== 'linux')
      skipWithReason(this, 'only root can make a file system of one megabyte');
    const long = `awk 'BEGIN { for (i = 1; i <= 50000; i++) print "line " i " of a log that has no place here" }'`;
    await suite.run('long', `${long}; ${printing('the end\n')}`);
    const bystander = await suite.run('bystander', printing('before\n'));
    await suite.tree.waitForRow('bystander');
    await suite.tree.chooseFromMenu('bystander', 'Tail Logs');
    await suite.page.waitForOutput('before');
    const mount = promisify(execFile);
    await mount('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'quaywatch', folder]);
    try {
      await suite.tree.chooseFromMenu('long', 'Save Logs As…');
      await suite.page.pick('Without timestamps');
      await suite.page.answerFileDialog(path.join(folder, 'long.log'));
      await suite.page.waitForNotification(
        /Could not save the log of long: there is no space left on the disk/,
      );
      assert.deepEqual(await readdir(folder), []);
      await suite.page.screenshot('log-life-full-disk');
    } finally {
      await mount('umount', [folder]);
    }
    await suite.write(bystander, 'after\n');
    const text = await suite.page.waitForOutput('after\n');
    assert.doesNotMatch(text, /──/);
  });
});
