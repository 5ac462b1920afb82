import assert from 'node:assert/strict';
import { e2eSuite, printing } from '../support/e2eSuite';

const SAMPLE = [
  'INFO server ready',
  'WARN GET /orders timeout after 30 s',
  'ERROR GET /health timeout',
  'ERROR order 7: timeout',
  '    at checkout (/app/src/checkout.ts:12:5)',
  'DEBUG timeout of the cache is 60 s',
  'INFO order 8 paid',
  '{"level":50,"time":1763717539000,"msg":"payment timeout","order":"a1","tries":3}',
  '',
].join('\n');

const FILTER = '── filter: warning and above · "timeout" · not /health/ ──';

describe('filters of logs, installed and on screen', () => {
  const suite = e2eSuite();

  before(async () => {
    await suite.page.openViewContainer('Quaywatch');
    const container = await suite.run('filtered', printing(SAMPLE));
    await suite.tree.waitForRow('filtered');
    await suite.tree.chooseFromMenu('filtered', 'Tail Logs');
    await suite.page.waitForOutput('order 8 paid');
    await suite.write(container, 'INFO one more\n');
    await suite.page.waitForOutput('one more');
  });

  async function openPick(): Promise<void> {
    await suite.tree.chooseFromMenu('filtered', 'Filter Logs…');
    await suite.page.quickPickLabels('Apply');
  }

  async function answerPattern(typed: string): Promise<void> {
    await suite.page.waitForInputMessage(/A text, found in upper and lower case/);
    await suite.page.answerInput(typed);
  }

  it('shows JSON lines so that one can read them', async () => {
    const text = await suite.page.waitForOutput('payment timeout');
    assert.match(text, /^2025-11-21 \d\d:\d\d:\d\d\.000 ERROR payment timeout order=a1 tries=3$/m);
    const pieces = await suite.page.outputColours('payment timeout');
    const level = pieces.find(({ text: piece }) => piece.includes('ERROR'));
    const [time] = pieces;
    assert.ok(level && time && level.colour !== time.colour, JSON.stringify(pieces));
  });

  it('puts a filter together and shows what passes, while the container goes on', async () => {
    await openPick();
    assert.deepEqual(await suite.page.quickPickLabels('Apply'), [
      'Apply',
      'Minimum level',
      'Only lines with…',
      'Without lines with…',
      'Lines of context',
    ]);
    await suite.page.pick('Minimum level');
    await suite.page.pick('warning and above');
    await suite.page.quickPickLabels('Lines without a level');
    await suite.page.answerInput('timeout');
    await suite.page.quickPickLabels('"timeout"');
    await suite.page.typeInput('!/(health/');
    await suite.page.quickPickLabels('( is never closed. Type \\( to look for the character.');
    await suite.page.screenshot('log-filter-problem');
    await suite.page.answerInput('!/health/');
    await suite.page.quickPickLabels('/health/');
    await suite.page.screenshot('log-filter-pick');
    await suite.page.pick('Apply');
    const text = await suite.page.waitForOutput(/^── filter: [^]*payment timeout/);
    const [first, ...lines] = text.trimEnd().split('\n');
    assert.equal(first, FILTER);
    assert.deepEqual(lines.slice(0, 3), [
      'WARN GET /orders timeout after 30 s',
      'ERROR order 7: timeout',
      '    at checkout (/app/src/checkout.ts:12:5)',
    ]);
    assert.equal(lines.length, 4);
    await suite.page.screenshot('log-filter-channel');
    const container = suite.docker.getContainer('filtered');
    await suite.write(container, 'INFO timeout, but harmless\nWARN another timeout\n');
    assert.ok(!(await suite.page.waitForOutput('another timeout')).includes('harmless'));
  });

  it('keeps the filter for later tails, and leaves it out when asked to', async () => {
    await suite.tree.chooseFromMenu('filtered', 'Stop Tailing');
    await suite.page.waitForOutput('── no longer tailing ──');
    await suite.tree.chooseFromMenu('filtered', 'Tail Logs');
    const again = await suite.page.waitForOutput(/^── filter: (?![^]*no longer tailing)[^]*another timeout/);
    assert.ok(again.startsWith(FILTER), again);
    await suite.tree.chooseFromMenu('filtered', 'Tail Logs…');
    await suite.page.pick('Whole log');
    await suite.page.pick('Without timestamps');
    await suite.page.screenshot('log-filter-use');
    // With the keyboard: the card of an item the mouse rests on may be in its way.
    await suite.page.quickPickLabels('Without a filter');
    await suite.page.answerInput('Without');
    assert.ok((await suite.page.waitForOutput('harmless')).startsWith('INFO server ready'));
  });

  it('changes a part, removes it, and asks for context', async () => {
    await openPick();
    await suite.page.pick('/health/');
    await answerPattern('/order [0-9]/');
    await suite.page.pick('/order [0-9]/');
    await answerPattern('');
    await suite.page.pick('Lines of context');
    await suite.page.waitForInputMessage(/How many lines/);
    await suite.page.typeInput('1000');
    await suite.page.waitForInputMessage('Type a whole number from 0 to 100.');
    await suite.page.answerInput('1');
    await suite.page.pick('Minimum level');
    await suite.page.pick('Any level');
    await suite.page.pick('"timeout"');
    await answerPattern('/order 7|another/');
    await suite.page.pick('Apply');
    const text = await suite.page.waitForOutput(/1 line of context ──[^]*another timeout/);
    assert.deepEqual(text.trimEnd().split('\n').slice(0, 6), [
      '── filter: /order 7|another/ · 1 line of context ──',
      'ERROR GET /health timeout',
      'ERROR order 7: timeout',
      '    at checkout (/app/src/checkout.ts:12:5)',
      'DEBUG timeout of the cache is 60 s',
      '── 3 lines not shown ──',
    ]);
    await suite.page.screenshot('log-filter-context');
  });

  it('leaves everything as it was when the person leaves', async () => {
    await openPick();
    await suite.page.answerInput('never');
    await suite.page.quickPickLabels('"never"');
    await suite.page.closeQuickInput();
    assert.ok((await suite.page.outputText()).startsWith('── filter: /order 7|another/ · 1 line'));
  });

  it('is cleared, and says so', async () => {
    await openPick();
    await suite.page.pick('Clear Filter');
    const text = await suite.page.waitForOutput(/── filter cleared ──[^]*harmless/);
    assert.ok(text.startsWith('── filter cleared ──\nINFO server ready'), text.slice(0, 200));
  });

  it('is also asked for from the palette', async () => {
    await suite.page.runCommand('Quaywatch: Filter Logs…');
    await suite.page.pick('filtered');
    await suite.page.pick('Without lines with…');
    await answerPattern('order');
    await suite.page.pick('Apply');
    const text = await suite.page.waitForOutput('── filter: not "order" ──');
    assert.ok(!text.includes('order 7'));
  });
});
