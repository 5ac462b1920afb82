import assert from 'node:assert/strict';
import { e2eSuite, printing } from '../support/e2eSuite';

describe('tailing logs, installed and on screen', () => {
  const suite = e2eSuite();
  before(() => suite.page.openViewContainer('Quaywatch'));

  async function tail(name: string): Promise<void> {
    await suite.tree.waitForRow(name);
    await suite.tree.chooseFromMenu(name, 'Tail Logs');
    await suite.page.waitForOutputChannel(name);
  }

  it('shows the last 100 lines of a container and follows', async () => {
    const container = await suite.run('talker', `seq 1 250 | sed 's/^/line /'; ${printing('')}`);
    await tail('talker');
    assert.equal(await suite.page.outputChannel(), 'talker · Local');
    const text = await suite.page.waitForOutput('line 250\n');
    assert.deepEqual(
      text.trimEnd().split('\n'),
      Array.from({ length: 100 }, (_, index) => `line ${151 + index}`),
    );
    await suite.write(container, 'and on it goes\n');
    await suite.page.waitForOutput('and on it goes\n');
    await suite.page.screenshot('log-channel');
  });

  it('uses the channel again, and tells when it no longer tails', async () => {
    await suite.tree.chooseFromMenu('talker', 'Stop Tailing');
    await suite.page.waitForOutput(/── no longer tailing ──/);
    await tail('talker');
    // The channel begins anew: what it showed before is gone, its last line among it.
    await suite.page.waitForOutput(/^(?![\s\S]*no longer tailing)[\s\S]*and on it goes\n/);
  });

  it('goes on across a restart with one marker', async () => {
    const container = suite.docker.getContainer('talker');
    await container.kill();
    await container.start();
    const text = await suite.page.waitForOutput(/── restarted, exit 137 ──[\s\S]*line 250\n/);
    assert.equal(text.match(/──/g)?.length, 2);
  });

  it('strips colours, also those a chunk border splits', async () => {
    await suite.run(
      'colourful',
      printing('\u001b[1;32mgreen\u001b[0m and \u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\\n'),
    );
    await tail('colourful');
    assert.equal((await suite.page.waitForOutput('green')).trimEnd(), 'green and link');
  });

  it('reads a container with a terminal', async () => {
    await suite.run('terminal', printing('first\nsecond\n'), { tty: true });
    await tail('terminal');
    assert.equal((await suite.page.waitForOutput('second')).trimEnd(), 'first\nsecond');
  });

  it('survives binary rubbish', async () => {
    const bytes = Buffer.from(
      Array.from({ length: 4_096 }, (_, index) => (index * 7_919 + (index >> 3)) % 256),
    );
    await suite.run('rubbish', printing(Buffer.concat([bytes, Buffer.from('\nafter the rubbish\n')])));
    await tail('rubbish');
    await suite.page.waitForOutput(/\nafter the rubbish\n/);
  });

  it('shows a line of one megabyte whole', async () => {
    await suite.run('wide', `head -c 1000000 /dev/zero | tr '\\0' x; echo; ${printing('the next line\n')}`);
    await tail('wide');
    const text = await suite.page.waitForOutput('the next line');
    assert.equal(text.split('\n')[0]?.length, 1_000_000);
  });

  it('waits at an empty log', async () => {
    const container = await suite.run('silent');
    await tail('silent');
    assert.equal((await suite.page.outputText()).trim(), '');
    await suite.write(container, 'at last\n');
    await suite.page.waitForOutput('at last');
  });

  it('shows the log of a stopped container and how it ended, and goes on when it starts', async () => {
    const container = await suite.run('done', 'echo bye; exit 4');
    await container.wait();
    await tail('done');
    const text = await suite.page.waitForOutput(/── stopped, exit 4 ──/);
    assert.match(text, /^bye\n/);
    await container.start();
    await suite.page.waitForOutput(/── started again ──[\s\S]*bye/);
  });

  it('says when the container was removed', async () => {
    await suite.docker.getContainer('silent').remove({ force: true });
    await suite.page.showOutput('silent · Local');
    await suite.page.waitForOutput(/── the container was removed ──/);
  });

  it('says why a log can not be read', async () => {
    await suite.run('mute', undefined, {
      options: { HostConfig: { LogConfig: { Type: 'none', Config: {} } } },
    });
    await tail('mute');
    await suite.page.waitForOutput(/── the log can ?not be read: /);
    await suite.page.screenshot('log-unreadable');
  });
});
