import assert from 'node:assert/strict';
import type { FrameLocator, Locator } from 'playwright-core';
import { panelFrame } from './panelFrame';
import { escapeRegExp } from './text';
import type { VSCodePage } from './vscodePage';

export const DEPLOY_TIMEOUT_MS = 90_000;
const OVER = ['success', 'failed', 'cancelled', 'rolled_back'];

/** The page of deployments in the side bar, read and used as a person does. */
export class DeploymentsView {
  constructor(private readonly page: VSCodePage) {}

  /** Shows it with all the room of the side bar. */
  async open(): Promise<void> {
    await this.page.openViewContainer('Quaywatch');
    await this.page.runCommand('Quaywatch: Show Deployments');
    await this.unfoldTree(false);
    await panelFrame(this.page, 'deployments', 'view');
  }

  /** Shows or folds up the tree above. */
  async unfoldTree(isWanted: boolean): Promise<void> {
    const header = this.page.page.locator('.pane-header[aria-label^="Containers"]');
    await header.waitFor();
    if ((await header.getAttribute('aria-expanded')) !== String(isWanted)) await header.click();
  }

  /** Another container is shown, and then this one again: its page begins anew. */
  async closeAndOpen(): Promise<void> {
    await this.page.openViewContainer('Explorer');
    await this.page.page.locator('iframe.webview').first().waitFor({ state: 'hidden' });
    await this.page.openViewContainer('Quaywatch');
    await panelFrame(this.page, 'deployments', 'view');
  }

  get root(): FrameLocator {
    return this.page.webview();
  }

  /** Deployments by what their heading says, in the order of the page. */
  cards(title: string): Locator {
    const exactly = new RegExp(`^${escapeRegExp(title)}$`);
    return this.root.locator('.card').filter({ has: this.root.locator('.app', { hasText: exactly }) });
  }

  card(title: string, status: string): Locator {
    return this.cards(title).and(this.root.locator(`[data-status="${status}"]`));
  }

  byId(id: string): Locator {
    return this.root.locator(`.card[data-id="${id}"]`);
  }

  /** Deploys an app of `quaywatch.json`, with the yes that it takes. */
  async deploy(app: string, host: string): Promise<void> {
    await this.page.runCommand('Quaywatch: Deploy…');
    await this.page.pick(app);
    const { message } = await this.page.dialog();
    assert.equal(message, `Deploy ${app} to ${host}?`);
    await this.page.answerDialog('Deploy');
  }

  /** Waits until a deployment runs, and returns its id. */
  async running(title: string): Promise<string> {
    const over = OVER.map((status) => `[data-status="${status}"]`).join();
    const running = this.cards(title).and(this.root.locator(`.card:not(${over})`));
    await running.waitFor({ timeout: DEPLOY_TIMEOUT_MS });
    return (await running.getAttribute('data-id')) ?? assert.fail('it has no id');
  }

  /** Ends what a test that failed left running. */
  async cancelRunning(): Promise<void> {
    const over = OVER.map((status) => `[data-status="${status}"]`).join();
    const running = await this.root.locator(`.card:not(${over})`).all();
    const ids = await Promise.all(running.map((card) => card.getAttribute('data-id')));
    for (const id of ids.filter((one) => one !== null)) {
      await this.byId(id)
        .getByRole('button', { name: /^Cancel / })
        .click();
      await this.root.locator(`.card[data-id="${id}"]:not(${over})`).waitFor({ state: 'detached' });
    }
  }

  /** Waits until it is over. */
  async ended(id: string, status: string): Promise<Locator> {
    const over = OVER.map((one) => `.card[data-id="${id}"][data-status="${one}"]`).join();
    const card = this.root.locator(over);
    await card.waitFor({ timeout: DEPLOY_TIMEOUT_MS });
    assert.equal(await card.getAttribute('data-status'), status, await card.innerText());
    return card;
  }

  /** Opens its details, if they are not open. */
  async expand(id: string): Promise<void> {
    const toggle = this.byId(id).locator('.toggle');
    await toggle.waitFor();
    if ((await toggle.getAttribute('aria-expanded')) !== 'true') await toggle.click();
  }

  /** The lines of its log that the page holds. */
  async logLines(id: string): Promise<string[]> {
    return (await this.byId(id).locator('.log-box .line').allTextContents()).map((line) => line.trimEnd());
  }

  /** The stages with how long they took, and what is said of the whole. */
  async summary(id: string): Promise<readonly string[]> {
    const card = this.byId(id);
    return [...(await card.locator('.step').allInnerTexts()), await card.locator('.state').innerText()];
  }

  /** From now on every percentage that the page shows of it is written down, until the page is closed. */
  async recordProgress(id: string): Promise<() => Promise<number[]>> {
    const frame = await panelFrame(this.page, 'deployments', 'view');
    await frame.evaluate(`{
      const track = () => document.querySelector('.card[data-id="${id}"] .track');
      globalThis.shownProgress = [Number(track()?.getAttribute('aria-valuenow') ?? 0)];
      new MutationObserver(() => {
        const now = Number(track()?.getAttribute('aria-valuenow') ?? 0);
        if (now !== globalThis.shownProgress.at(-1)) globalThis.shownProgress.push(now);
      }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['aria-valuenow'] });
    }`);
    return () => frame.evaluate<number[]>('globalThis.shownProgress');
  }
}
