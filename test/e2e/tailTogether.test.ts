import assert from 'node:assert/strict';
import { e2eSuite, printing } from '../support/e2eSuite';

const TOGETHER = 'alpha, beta, quiet · Local';
const service = (project: string, name: string, replica: number): Readonly<Record<string, string>> => ({
  'com.docker.compose.project': project,
  'com.docker.compose.service': name,
  'com.docker.compose.container-number': String(replica),
});

/** Label and text of each line; the time between is left out. */
function labelled(output: string): string[] {
  return output
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} /, '').replace(/ +(?=[^\w] )/, ' '));
}

describe('tailing several logs together, installed and on screen', () => {
  const suite = e2eSuite({
    settings: { 'quaywatch.logs.timestamps': true, 'terminal.integrated.gpuAcceleration': 'off' },
  });
  before(() => suite.page.openViewContainer('Quaywatch'));

  async function waitForChannel(name: string): Promise<void> {
    const deadlineMs = Date.now() + 20_000;
    let shown = '';
    while (shown !== name) {
      assert.ok(Date.now() < deadlineMs, `${name} is shown, not ${shown}`);
      shown = await suite.page.outputChannel();
    }
  }

  it('shows what several containers wrote, ordered by time, each line with its label', async () => {
    const alpha = await suite.run('alpha');
    const beta = await suite.run('beta');
    await suite.run('quiet');
    for (const number of [1, 2, 3]) {
      await suite.write(alpha, `a${number}\n`);
      await suite.write(beta, `b${number}\n`);
    }
    for (const name of ['alpha', 'beta', 'quiet']) await suite.tree.waitForRow(name);
    await suite.tree.select(['alpha', 'beta', 'quiet']);
    await suite.tree.chooseFromMenu('beta', 'Tail Selected Together');
    await waitForChannel(TOGETHER);
    const output = await suite.page.waitForOutput('b3');
    const expected = [1, 2, 3].flatMap((number) => [`alpha ┃ a${number}`, `beta ║ b${number}`]);
    assert.deepEqual(labelled(output), expected);
    assert.match(output, /^alpha ┃ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} a1\nbeta {2}║ /);
  });

  it('goes on in their order when one is silent and one was killed, with one marker', async () => {
    const [alpha, beta] = ['alpha', 'beta'].map((name) => suite.docker.getContainer(name));
    assert.ok(alpha && beta);
    await suite.write(alpha, 'a4\n');
    await suite.write(beta, 'b4\n');
    await suite.page.waitForOutput('b4');
    await beta.kill();
    await suite.write(alpha, 'a5\n');
    await suite.page.waitForOutput('a5');
    await suite.page.waitForOutput('beta  ║ ── stopped, exit 137 ──');
    await suite.write(alpha, 'a6\n');
    await suite.write(suite.docker.getContainer('quiet'), 'q1\n');
    const output = await suite.page.waitForOutput('q1');
    assert.deepEqual(
      labelled(output)
        .slice(6)
        .filter((line) => !line.includes('──')),
      ['alpha ┃ a4', 'beta ║ b4', 'alpha ┃ a5', 'alpha ┃ a6', 'quiet ┇ q1'],
    );
    assert.equal(output.match(/── .* ──/g)?.length, 1, output);
  });

  it('colours the labels in every theme, each its own way', async () => {
    const written = suite.docker.getContainer('alpha');
    await suite.write(written, 'ERROR it broke\n    at f (/app/x.ts:1:2)\n');
    await suite.page.waitForOutput('at f');
    for (const theme of ['light', 'highContrast', 'highContrastLight', 'dark'] as const) {
      await suite.page.setTheme(theme);
      const labels = await Promise.all(
        ['a6', 'b4', 'q1', '── stopped'].map(async (text) => (await suite.page.outputColours(text))[0]),
      );
      const [alpha, beta, quiet, stopped] = labels.map((piece) => piece?.colour);
      assert.equal(new Set([alpha, beta, quiet]).size, 3, `${theme}: ${JSON.stringify(labels)}`);
      assert.equal(stopped, beta, 'a marker has its label in the same colour');
      await suite.page.screenshot(`tail-together-${theme}`);
    }
  });

  it('goes on when the killed one runs again, and is stopped by the row of any of them', async () => {
    await suite.docker.getContainer('beta').start();
    await suite.page.waitForOutput('beta  ║ ── started again ──');
    await suite.write(suite.docker.getContainer('beta'), 'b5\n');
    await suite.page.waitForOutput(/beta {2}║ .* b5\n/);
    await suite.tree.click('quiet');
    await suite.tree.chooseFromMenu('quiet', 'Stop Tailing');
    await suite.page.waitForOutput(/── no longer tailing ──/);
  });

  it('asks which tail to stop where a container has its own, too', async () => {
    await suite.tree.select(['alpha', 'quiet']);
    await suite.tree.chooseFromMenu('alpha', 'Tail Selected Together');
    await waitForChannel('alpha, quiet · Local');
    await suite.tree.click('alpha');
    await suite.tree.chooseFromMenu('alpha', 'Tail Logs');
    await waitForChannel('alpha · Local');
    await suite.tree.chooseFromMenu('alpha', 'Stop Tailing');
    assert.deepEqual(await suite.page.quickPickLabels('alpha'), ['alpha', 'alpha, quiet · Local']);
    await suite.page.pickSeveral([]);
    await suite.page.waitForOutput(/── no longer tailing ──/);
    await suite.page.showOutput('alpha, quiet · Local');
    await suite.write(suite.docker.getContainer('alpha'), 'a7\n');
    assert.ok(!(await suite.page.waitForOutput('a7')).includes('no longer tailing'));
  });

  it('offers it where several are selected, and from the palette', async () => {
    await suite.tree.click('alpha');
    const menu = await suite.tree.openMenu('alpha');
    assert.ok(menu.includes('Tail Logs') && !menu.includes('Tail Selected Together'), menu.join());
    await suite.page.page.keyboard.press('Escape');
    await suite.page.runCommand('Quaywatch: Tail Selected Together');
    await suite.page.pickSeveral(['alpha', 'quiet']);
    await waitForChannel('alpha, quiet · Local');
    const output = await suite.page.waitForOutput('q1');
    assert.deepEqual(
      labelled(output).filter((line) => !/^(alpha|quiet) [┃║] /.test(line)),
      [],
    );
  });

  it('tails a project with what joins it, leaves it and is created anew', async () => {
    const say = (text: string): string => printing(`${text}\n`);
    const database = await suite.run('shop-db-1', say('db here'), { labels: service('shop', 'db', 1) });
    const web = await suite.run('shop-web-1', say('web here'), { labels: service('shop', 'web', 1) });
    await suite.tree.waitForDescription('shop', /2\/2 running/);
    await suite.tree.click('shop');
    await suite.tree.chooseFromMenu('shop', 'Tail Project Logs Together');
    await waitForChannel('shop (project) · Local');
    await suite.page.waitForOutput(/db-1 {2}┃ .* db here\n[^]*web-1 ║ .* web here\n/);
    const second = await suite.run('shop-web-2', say('second here'), { labels: service('shop', 'web', 2) });
    await suite.page.waitForOutput(/web-2 ┇ ── new in the project ──\n[^]*web-2 ┇ .* second here\n/);
    await web.remove({ force: true });
    await suite.run('shop-web-1', say('web anew'), { labels: service('shop', 'web', 1) });
    await suite.page.waitForOutput(/web-1 ║ ── created anew ──\n[^]*web-1 ║ .* web anew\n/);
    await second.remove({ force: true });
    await suite.page.waitForOutput('web-2 ┇ ── the container was removed ──');
    await suite.write(database, 'db goes on\n');
    await suite.page.waitForOutput(/db-1 {2}┃ .* db goes on\n/);
    await suite.page.screenshot('tail-project-together');
    await suite.tree.chooseFromMenu('shop', 'Stop Tailing');
    await suite.page.waitForOutput(/── no longer tailing ──/);
    await suite.page.runCommand('Quaywatch: Stop Tailing');
    await suite.page.pick('alpha, quiet · Local');
    await suite.page.showOutput('alpha, quiet · Local');
    await suite.page.waitForOutput(/── no longer tailing ──/);
  });

  it('shows them in a terminal, with colours', async () => {
    await suite.tree.click('shop');
    await suite.tree.chooseFromMenu('shop', 'Open Logs Together in Terminal');
    await suite.page.waitForTerminal('web-1 ║');
    await suite.page.waitForTerminal('db goes on');
    await suite.page.screenshot('tail-together-terminal');
  });
});
