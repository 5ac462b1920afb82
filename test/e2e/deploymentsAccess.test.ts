import assert from 'node:assert/strict';
import type { Frame } from 'playwright-core';
import { seriousViolations } from '../support/axe';
import { DeploymentsView } from '../support/deploymentsView';
import { DeployWorkspace, dockerfile } from '../support/deployWorkspace';
import { e2eSuite } from '../support/e2eSuite';
import { eventually } from '../support/eventually';
import { panelFrame } from '../support/panelFrame';

const HOST = 'Local';
const NARROW_PX = 250;
const MOST_TABS = 60;
const THEMES = ['light', 'dark', 'highContrast', 'highContrastLight'] as const;

function makeWorkspace(): DeployWorkspace {
  const workspace = new DeployWorkspace();
  workspace.write('web/Dockerfile', dockerfile('echo version 1'));
  workspace.write('slow/Dockerfile', dockerfile('for i in $(seq 1 900); do echo line $i; sleep 0.2; done'));
  const app = (source: unknown): unknown => workspace.app(source, [HOST]);
  workspace.describeApps({ web: app({ folder: 'web' }), slow: app({ folder: 'slow' }) });
  return workspace;
}

describe('deployments without a mouse, and without eyes', function () {
  this.timeout(240_000);
  const workspace = makeWorkspace();
  const suite = e2eSuite({ folder: workspace.folder });
  let view: DeploymentsView;

  before(async () => {
    view = new DeploymentsView(suite.page);
    await view.open();
    await view.root.getByText('Nothing has been deployed yet.').waitFor();
  });
  beforeEach(() => suite.page.runCommand('View: Close All Editors'));
  afterEach(async function () {
    if (this.currentTest?.isPassed() !== true) await view.cancelRunning();
  });
  after(() => workspace.remove());

  const inView = (): Promise<Frame> => panelFrame(suite.page, 'deployments', 'view');
  const press = async (...keys: readonly string[]): Promise<void> => {
    for (const key of keys) await suite.page.page.keyboard.press(key);
  };
  /** What a screen reader says of the element with the focus. */
  const focused = async (): Promise<string> =>
    (await inView()).evaluate<string>(`{
      const element = document.activeElement;
      const heading = element?.closest('.card')?.querySelector('.app')?.textContent ?? '';
      const name = element?.getAttribute('aria-label') ?? (element === document.body ? '' : element?.textContent) ?? '';
      heading + ' > ' + name.replace(/\\s+/g, ' ').trim();
    }`);
  const focusedCard = async (): Promise<string | null> =>
    (await inView()).evaluate<string | null>(
      `document.activeElement?.closest('.card')?.getAttribute('data-id') ?? null`,
    );
  /** Presses Tab until the focus is where it is wanted, in the card of that id if one is given. */
  const tabTo = async (
    wanted: RegExp,
    { key = 'Tab', card }: { readonly key?: 'Tab' | 'Shift+Tab'; readonly card?: string } = {},
  ): Promise<void> => {
    const passed: string[] = [];
    for (let count = 0; count < MOST_TABS; count += 1) {
      const now = await focused();
      if (wanted.test(now) && (card === undefined || (await focusedCard()) === card)) return;
      passed.push(now);
      await press(key);
    }
    assert.fail(`Tab does not come to ${String(wanted)}, but to:\n${passed.join('\n')}`);
  };
  const focusView = async (): Promise<void> => {
    await suite.page.runCommand('Quaywatch: Show Deployments');
    const frame = await inView();
    await eventually('the view has the focus', () => frame.evaluate<boolean>('document.hasFocus()'));
  };
  const deployByKeys = async (app: string): Promise<void> => {
    await suite.page.runCommand('Quaywatch: Deploy…');
    await suite.page.quickPickLabels(app);
    await suite.page.typeInput(app);
    await press('Enter');
    await suite.page.dialog();
    await press('Enter');
  };
  /** From now on all that the live region says is written down. */
  const listen = async (): Promise<() => Promise<string[]>> => {
    const frame = await inView();
    await frame.evaluate(`{
      globalThis.spoken = [];
      const region = document.querySelector('[role=status][aria-live=polite]');
      new MutationObserver(() => globalThis.spoken.push(region.textContent))
        .observe(region, { childList: true, characterData: true, subtree: true });
    }`);
    return () => frame.evaluate<string[]>('globalThis.spoken');
  };
  const looksWell = async (name: string): Promise<void> => {
    for (const theme of THEMES) {
      await suite.page.setTheme(theme);
      assert.deepEqual(await seriousViolations(await inView()), [], `${name}, ${theme}`);
      await suite.page.screenshot(`deployments-access-${name}-${theme}`);
    }
  };
  const newest = async (app: string, status: string): Promise<string> => {
    const card = view.card(app, status).first();
    await card.waitFor();
    return (await card.getAttribute('data-id')) ?? assert.fail('no id');
  };

  it('have no serious violation that axe finds while there is none', async () => {
    await looksWell('empty');
    await focusView();
    await tabTo(/> Deploy…$/);
    await press('Enter');
    await suite.page.quickPickLabels('web');
    await press('Escape');
  });

  it('speak each stage, and how it ended', async () => {
    const spoken = await listen();
    await deployByKeys('web');
    await view.ended(await newest('web', 'success'), 'success');
    const said = (await spoken()).join(' ');
    assert.match(said, /web: Building image\..*web: Checking health\..*web: deployed\./s);
    await focusView();
    await tabTo(/^web > .*web/);
    if ((await view.cards('web').first().locator('.toggle').getAttribute('aria-expanded')) !== 'true')
      await press('Enter');
    await looksWell('success');
  });

  it('are followed and cancelled', async () => {
    const spoken = await listen();
    await deployByKeys('slow');
    const id = await view.running('slow');
    await view
      .byId(id)
      .locator('.line', { hasText: /^line 5$/ })
      .waitFor();
    await looksWell('running');
    await focusView();
    await tabTo(/^slow > Cancel the deployment of slow$/);
    await press('Enter');
    await view.ended(id, 'cancelled');
    await eventually('the end was spoken', async () =>
      (await spoken()).some((text) => /slow: cancelled\./.test(text)),
    );
    assert.match(await focused(), /^slow > /, 'the focus stays with what was cancelled');
  });

  it('fail visibly, are retried, compared and read', async () => {
    const deployedBefore = await view.card('web', 'success').count();
    workspace.write('web/Dockerfile', dockerfile('echo it breaks >&2; exit 9'));
    await deployByKeys('web');
    const failed = await newest('web', 'failed');
    await view.expand(failed);
    await looksWell('failed');
    workspace.write('web/Dockerfile', dockerfile('echo version 2'));
    await focusView();
    await tabTo(/^web > Retry/);
    await press('Enter');
    assert.match((await suite.page.dialog()).message, /^Deploy web to Local again\?$/);
    await press('Enter');
    await eventually(
      'another one is deployed',
      async () => (await view.card('web', 'success').count()) === deployedBefore + 1,
    );
    await focusView();
    await tabTo(/^web > Compare/);
    await press('Enter');
    await suite.page.quickPickLabels('web');
    await press('Enter');
    await suite.page.waitForFocusedEditor('Inputs of web');
    await focusView();
    await tabTo(/^web > Open Log of web/);
    await press('Enter');
    await suite.page.waitForFocusedEditor(/^web .*\.log/);
    await suite.page.waitForEditor(/./);
  });

  it('are rolled back', async () => {
    await focusView();
    await tabTo(/^web > Roll/);
    await press('Enter');
    assert.match((await suite.page.dialog()).message, /^Roll web on Local back/);
    await press('Enter');
    await view.root
      .locator('.card[data-status="success"]', { hasText: 'Runs the version of' })
      .first()
      .waitFor();
  });

  it('have a log that keys scroll, and that tells when it follows no more', async () => {
    await deployByKeys('slow');
    const id = await view.running('slow');
    await view
      .byId(id)
      .locator('.line', { hasText: /^line 20$/ })
      .waitFor();
    await focusView();
    await tabTo(/^slow > Log of slow, /, { card: id });
    await press('Home');
    await view.byId(id).locator('.follow').waitFor();
    await press('End');
    await view.byId(id).locator('.follow').waitFor({ state: 'hidden' });
    await tabTo(/^slow > Cancel/, { key: 'Shift+Tab', card: id });
    await press('Enter');
    await view.ended(id, 'cancelled');
  });

  it('fill a tab of their own, wide', async () => {
    await suite.page.runCommand('Quaywatch: Open Deployments in Editor');
    const frame = await panelFrame(suite.page, 'deployments', 'editor');
    await frame.locator('.card').first().waitFor();
    await frame.locator('.card[data-status="failed"] .toggle').first().click();
    await frame.locator('.card[data-status="failed"] .failure').first().waitFor();
    for (const theme of THEMES) {
      await suite.page.setTheme(theme);
      assert.deepEqual(await seriousViolations(frame), [], theme);
      await suite.page.screenshot(`deployments-editor-${theme}`);
    }
  });

  it(`are usable at ${NARROW_PX} pixels`, async () => {
    const { page } = suite.page;
    const frame = await inView();
    const width = (): Promise<number> => frame.evaluate<number>('innerWidth');
    const box = (await page.locator('.part.sidebar').boundingBox()) ?? assert.fail('no side bar');
    const [edge, middle] = [box.x + box.width, box.y + box.height / 2];
    const tooWide = (await width()) - NARROW_PX;
    await page.mouse.move(edge + 1, middle);
    await page.mouse.down();
    await page.mouse.move(edge - tooWide / 2, middle);
    await page.mouse.move(edge + 1 - tooWide, middle);
    await page.mouse.up();
    await eventually('it is narrow', async () => (await width()) <= NARROW_PX);
    assert.equal(
      await frame.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth'),
      false,
      'nothing is wider than the page',
    );
    await looksWell('narrow');
  });
});
