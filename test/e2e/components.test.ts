import assert from 'node:assert/strict';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../../scripts/lib/browser.mjs';

const WEBVIEW = join(import.meta.dirname, '../../webview');
/** Each control with a value to set, and what its callback was told. */
const SCRIPT = `
  import { makeCheckbox, makeDropdown, makeTextField, registerComponents } from './components';
  registerComponents();
  const told = [];
  const tell = (value) => told.push(value);
  const options = ['one', 'two'].map((value) => ({ value, label: value }));
  const controls = {
    checkbox: makeCheckbox({ label: 'c', onChange: tell }),
    dropdown: makeDropdown({ label: 'd', options, onChange: tell }),
    field: makeTextField({ label: 'f', placeholder: '', onInput: tell }),
  };
  document.body.append(...Object.values(controls).map(({ element }) => element));
  Object.assign(window, { controls, told });
`;

describe('the controls of the pages', function () {
  this.timeout(60_000);
  let browser: Browser;
  let page: Page;

  before(async () => {
    const { outputFiles } = await build({
      stdin: { contents: SCRIPT, resolveDir: WEBVIEW },
      bundle: true,
      write: false,
      target: 'es2022',
    });
    browser = await launchBrowser();
    page = await browser.newPage();
    await page.setContent('<body></body>');
    await page.addScriptTag({ content: outputFiles[0]?.text ?? '' });
  });
  after(() => browser.close());

  for (const [name, values] of [
    ['checkbox', [true, false, true]],
    ['dropdown', ['two', 'one', 'two']],
    ['field', ['a', '', 'b']],
  ] as const)
    it(`tell nobody when their value is set by the program, ${name}`, async () => {
      for (const value of values) {
        await page.evaluate(`controls.${name}.set(${JSON.stringify(value)})`);
        // Controls draw in the next frame, and may tell of it then.
        await page.evaluate(
          'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))',
        );
        assert.equal(await page.evaluate(`controls.${name}.get()`), value);
      }
      assert.deepEqual(await page.evaluate('told.splice(0)'), []);
    });

  it('tell of a change that somebody makes', async () => {
    await page.locator('vscode-checkbox').click();
    assert.deepEqual(await page.evaluate('told.splice(0)'), [false]);
    await page.locator('vscode-text-field input').press('End');
    await page.locator('vscode-text-field input').pressSequentially('c');
    assert.deepEqual(await page.evaluate('told.splice(0)'), ['bc']);
  });
});
