/**
 * VS Code's workbench in a browser, driven and read the way a person does: every method waits for what it
 * promises, none sleeps. Selectors of VS Code's own DOM are kept here and in treeView.ts, nowhere else.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { escapeRegExp } from './text';
import { TreeView } from './treeView';

export interface NotificationText {
  readonly message: string;
  readonly buttons: readonly string[];
}

export interface DialogText {
  readonly message: string;
  readonly detail: string;
  readonly buttons: readonly string[];
}

/** Each with the theme's name in the picker and the class that the workbench has under it. */
const themes = {
  light: { name: 'Light Modern', className: 'vs' },
  dark: { name: 'Dark Modern', className: 'vs-dark' },
  highContrast: { name: 'Dark High Contrast', className: 'hc-black' },
  highContrastLight: { name: 'Light High Contrast', className: 'hc-light' },
};

export type ThemeKind = keyof typeof themes;

const screenshotFolder = join('out', 'screenshots');
const startTimeoutMs = 60_000;
/** What is awaited mostly comes at once; a busy machine may need long. */
const actionTimeoutMs = 45_000;
const attemptTimeoutMs = 2_000;
const notification = '.notifications-toasts .notification-list-item';
const dialog = '.monaco-dialog-box';
const outputSelect = '.panel .composite.title select.monaco-select-box';
const quickInput = '.quick-input-widget';

export class VSCodePage {
  constructor(
    /** For what this class has no words for. */
    readonly page: Page,
    private readonly dataDir: string,
  ) {}

  /** Opens an address of the server and waits for the workbench. */
  async open(url: string): Promise<void> {
    this.page.setDefaultTimeout(actionTimeoutMs);
    await this.page.goto(url);
    await this.page
      .locator('.monaco-workbench .activitybar .action-item')
      .first()
      .waitFor({ timeout: startTimeoutMs });
  }

  /** The browser lets pages read the clipboard, as {@link outputText} needs. */
  async allowClipboard(): Promise<void> {
    await this.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  }

  /** The browser refuses that, as it does where nobody allowed it. */
  async forbidClipboard(): Promise<void> {
    await this.page.context().clearPermissions();
  }

  /** Loads the window anew: the extension host ends and starts again. */
  async reload(): Promise<void> {
    await this.open(this.page.url());
  }

  /** Shows a view container by its title in the activity bar; no-op when it is shown. */
  async openViewContainer(title: string): Promise<void> {
    const item = this.page.locator(`.activitybar .action-item:has(.action-label[aria-label^="${title}"])`);
    await item.first().waitFor();
    if ((await item.first().getAttribute('aria-selected')) !== 'true') await item.first().click();
    const heading = this.page.locator('.sidebar .composite.title h2', {
      hasText: new RegExp(`^${title}`, 'i'),
    });
    await heading.first().waitFor();
  }

  /** The badge of a view container in the activity bar; undefined when it has none. */
  async badgeOf(title: string): Promise<string | undefined> {
    const badge = this.page.locator(
      `.activitybar .action-item:has(.action-label[aria-label^="${title}"]) .badge-content`,
    );
    return (await badge.count()) > 0 ? ((await badge.first().textContent()) ?? undefined) : undefined;
  }

  /** A tree view by the name in its heading. */
  tree(viewName: string): TreeView {
    return new TreeView(this, viewName);
  }

  /** The text of the welcome view shown instead of a tree, one line for each paragraph or button. */
  async welcomeText(): Promise<string> {
    const content = this.page.locator('.sidebar .welcome-view-content').first();
    await content.waitFor();
    return content.innerText();
  }

  /** Clicks a button of the welcome view. */
  async clickWelcomeButton(label: string): Promise<void> {
    await this.page
      .locator('.sidebar .welcome-view-content .monaco-button', { hasText: label })
      .first()
      .click();
  }

  /** The document inside a webview: the only one shown, or the n-th of several. */
  webview(index = 0): FrameLocator {
    return this.page.locator('iframe.webview').nth(index).contentFrame().frameLocator('#active-frame');
  }

  // Commands and quick input

  /** Runs a command by its full title in the palette, such as `Quaywatch: Refresh`. */
  async runCommand(title: string): Promise<void> {
    await this.fillPalette(title);
    await this.quickPickRow(title).click();
  }

  /** Whether the palette offers a command. */
  async hasCommand(title: string): Promise<boolean> {
    await this.fillPalette(title);
    // With nothing that fits, the list has one row that says so.
    await this.page.locator(`${quickInput} .monaco-list-row`).first().waitFor();
    const found = (await this.quickPickRow(title).count()) > 0;
    await this.closeQuickInput();
    return found;
  }

  /** A palette opened while another quick input is closing is closed with it: then open it again. */
  private async fillPalette(text: string): Promise<void> {
    await retry(async () => {
      await this.page.keyboard.press('F1');
      await this.quickInputBox().fill(`>${text}`, { timeout: attemptTimeoutMs });
    });
  }

  /** The labels on offer in the quick pick that is open, or opens next; known by a label that it offers. */
  async quickPickLabels(oneOfThem: string): Promise<string[]> {
    await this.quickPickRow(oneOfThem).waitFor();
    return this.page.locator(`${quickInput} .monaco-list-row .label-name`).allInnerTexts();
  }

  /** Chooses an item of the quick pick that is open, or opens next. */
  async pick(label: string): Promise<void> {
    await this.quickPickRow(label).click();
  }

  /** Ticks items of a quick pick for several, and accepts. */
  async pickSeveral(labels: readonly string[]): Promise<void> {
    for (const label of labels) await this.quickPickRow(label).click();
    await this.page.locator(`${quickInput} .quick-input-action .monaco-button`).first().click();
  }

  /** Types into the input box that is open, or opens next, and accepts. */
  async answerInput(text: string): Promise<void> {
    await this.quickInputBox().fill(text);
    await this.page.keyboard.press('Enter');
  }

  /** Types into the input box that is open, or opens next, and leaves it open. */
  async typeInput(text: string): Promise<void> {
    await this.quickInputBox().fill(text);
  }

  /** Waits until the input box says something. */
  async waitForInputMessage(text: string | RegExp): Promise<void> {
    await this.page.locator(`${quickInput} .quick-input-message`, { hasText: text }).waitFor();
  }

  /** Types a path into the file dialog that is open, or opens next, and accepts. */
  async answerFileDialog(path: string): Promise<void> {
    // The dialog comes after other quick inputs, and begins with the path of the suggested file or folder.
    await this.page
      .locator(`${quickInput} .monaco-list-row .label-name`, { hasText: /^\.\.$/ })
      .first()
      .waitFor();
    // The first time, the dialog may only go into the folder, or be late with a name of its own.
    await retry(async () => {
      if ((await this.quickInputBox().inputValue()) !== path) await this.quickInputBox().fill(path);
      await this.page.keyboard.press('Enter');
      await this.page.locator(quickInput).waitFor({ state: 'hidden', timeout: attemptTimeoutMs });
    });
  }

  /** The prompt or validation message of the input box that is open. */
  async inputMessage(): Promise<string> {
    return this.page.locator(`${quickInput} .quick-input-message`).innerText();
  }

  /** Waits for a quick input and dismisses it. */
  async closeQuickInput(): Promise<void> {
    await this.page.locator(quickInput).waitFor();
    await retry(async () => {
      await this.page.keyboard.press('Escape');
      await this.page.locator(quickInput).waitFor({ state: 'hidden', timeout: attemptTimeoutMs });
    });
  }

  private quickInputBox(): Locator {
    return this.page.locator(`${quickInput} .quick-input-box input`);
  }

  private quickPickRow(label: string): Locator {
    const exactly = new RegExp(`^\\s*${escapeRegExp(label)}\\s*$`);
    return this.page
      .locator(`${quickInput} .monaco-list-row`)
      .filter({
        has: this.page.locator('.quick-input-list-row:first-child .label-name', { hasText: exactly }),
      })
      .first();
  }

  // Menus

  /** The labels of the context menu that is open or opens now, in order; separators are left out. */
  async menuLabels(timeoutMs = actionTimeoutMs): Promise<string[]> {
    const items = this.page.locator('.monaco-menu .action-item:not(.disabled) .action-label:not(.separator)');
    await items.first().waitFor({ timeout: timeoutMs });
    return (await items.allInnerTexts()).map((text) => text.trim()).filter(Boolean);
  }

  /** Chooses an item of the context menu that is open. */
  async chooseFromMenu(label: string): Promise<void> {
    const exactly = new RegExp(`^\\s*${escapeRegExp(label)}\\s*$`);
    const item = this.page.locator('.monaco-menu .action-item .action-label', { hasText: exactly }).first();
    // A menu ignores the button's release in its first 100 ms: it might be that of the click which opened it.
    await item.click({ delay: 150 });
    await this.page.locator('.monaco-menu').waitFor({ state: 'detached' });
  }

  /** Closes the context menu that is open without choosing anything. */
  async closeMenu(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.page.locator('.monaco-menu').waitFor({ state: 'detached' });
  }

  // Dialogs and notifications

  /** The modal dialog that is open, or opens next. */
  async dialog(): Promise<DialogText> {
    await this.page.locator(dialog).waitFor();
    const detail = this.page.locator(`${dialog} .dialog-message-detail`);
    return {
      message: (await this.page.locator(`${dialog} .dialog-message`).innerText()).trim(),
      detail: (await detail.count()) > 0 ? (await detail.innerText()).trim() : '',
      buttons: await this.page.locator(`${dialog} .dialog-buttons .monaco-button`).allInnerTexts(),
    };
  }

  /** Clicks a button of the modal dialog and waits until the dialog is gone. */
  async answerDialog(button: string): Promise<void> {
    await this.page.locator(`${dialog} .dialog-buttons .monaco-button`, { hasText: button }).first().click();
    await this.page.locator(dialog).waitFor({ state: 'detached' });
  }

  /** The notifications on screen now. */
  async notifications(): Promise<NotificationText[]> {
    return Promise.all((await this.page.locator(notification).all()).map((item) => readNotification(item)));
  }

  /** Waits for a notification that contains the text. */
  async waitForNotification(text: string | RegExp): Promise<NotificationText> {
    const item = this.page.locator(notification).filter({ hasText: text }).first();
    await item.waitFor();
    return readNotification(item);
  }

  /** Clicks a button of the notification that contains the text. */
  async answerNotification(text: string | RegExp, button: string): Promise<void> {
    const item = this.page.locator(notification).filter({ hasText: text }).first();
    await item
      .locator('.notification-list-item-buttons-container .monaco-button', { hasText: button })
      .click();
  }

  async clearNotifications(): Promise<void> {
    await this.runCommand('Notifications: Clear All Notifications');
    await this.page.locator(notification).first().waitFor({ state: 'detached' });
  }

  /** The texts of the status bar items, as a screen reader says them. */
  async statusBar(): Promise<string[]> {
    const labels = await this.page.locator('.statusbar-item .statusbar-item-label').all();
    const texts = await Promise.all(labels.map((label) => label.getAttribute('aria-label')));
    return texts.filter((text) => text !== null);
  }

  // Output

  /** Shows an output channel by its name. */
  async showOutput(channel: string): Promise<void> {
    await this.runCommand('Output: Show Output Channels...');
    await this.pick(channel);
    await this.page
      .locator(outputSelect)
      .locator('option:checked', { hasText: channel })
      .waitFor({ state: 'attached' });
  }

  /** The name of the output channel on screen. */
  async outputChannel(): Promise<string> {
    const selected = this.page.locator(outputSelect).locator('option:checked').first();
    await selected.waitFor({ state: 'attached' });
    return ((await selected.textContent()) ?? '').trim();
  }

  /** The output lines on screen now, top to bottom, as drawn. */
  async visibleOutputLines(): Promise<string[]> {
    const lines = await this.page.locator('.panel .monaco-editor .view-line').all();
    const placed = await Promise.all(
      lines.map(async (line) => ({ top: (await line.boundingBox())?.y ?? 0, text: await line.innerText() })),
    );
    return placed
      .sort((left, right) => left.top - right.top)
      .map(({ text }) => text.replaceAll('\u00a0', ' '));
  }

  /** Waits until the output channel on screen is one whose name begins so, and returns its name. */
  async waitForOutputChannel(beginning: string): Promise<string> {
    const selected = this.page
      .locator(outputSelect)
      .locator('option:checked', { hasText: new RegExp(`^\\s*${escapeRegExp(beginning)}`) });
    await selected.first().waitFor({ state: 'attached' });
    return this.outputChannel();
  }

  /** The whole text of the output channel on screen, copied as a person would: select all, copy. */
  async outputText(): Promise<string> {
    await this.page.locator('.panel .monaco-editor[role="code"]').first().click();
    await this.page.evaluate('navigator.clipboard.writeText("")');
    await this.page.keyboard.press('ControlOrMeta+A');
    await this.page.keyboard.press('ControlOrMeta+C');
    const text: unknown = await this.page.evaluate('navigator.clipboard.readText()');
    // The output follows its end only while the cursor is there.
    await this.page.keyboard.press('ControlOrMeta+End');
    return String(text);
  }

  /** Waits until the output on screen contains the text, and returns the whole output. */
  async waitForOutput(text: string | RegExp, timeoutMs = actionTimeoutMs): Promise<string> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const output = await this.outputText();
      if (typeof text === 'string' ? output.includes(text) : text.test(output)) return output;
      if (Date.now() > deadline)
        throw new Error(`output has no ${String(text)}; it ends:\n${output.slice(-2000)}`);
      await this.page.waitForTimeout(100);
    }
  }

  /** The classes that colour the pieces of the output line on screen that contains the text, left to right. */
  async outputColours(text: string): Promise<{ readonly text: string; readonly colour: string }[]> {
    const line = this.page.locator('.panel .monaco-editor .view-line').filter({ hasText: text }).first();
    await line.waitFor();
    const pieces = await line.locator('span > span').all();
    return Promise.all(
      pieces.map(async (piece) => ({
        text: (await piece.innerText()).replaceAll('\u00a0', ' '),
        colour: /mtk\d+/.exec((await piece.getAttribute('class')) ?? '')?.[0] ?? '',
      })),
    );
  }

  /** Waits until the output on screen has a text as a link. */
  async waitForLink(text: string): Promise<void> {
    await this.outputLink(text).first().waitFor();
  }

  /** How many links with that text the output on screen has. */
  async linkCount(text: string): Promise<number> {
    return this.outputLink(text).count();
  }

  private outputLink(text: string): Locator {
    return this.page.locator('.panel .monaco-editor .view-line .detected-link', { hasText: text });
  }

  // Terminal

  /** Waits until a terminal on screen contains the text. Needs `terminal.integrated.gpuAcceleration` to be `off`. */
  async waitForTerminal(text: string | RegExp): Promise<void> {
    await this.page.locator('.xterm-rows', { hasText: text }).first().waitFor();
  }

  // Editor

  /** Waits until the editor on screen contains the text, in the part that is drawn. */
  async waitForEditor(text: string | RegExp): Promise<void> {
    await this.page.locator('.editor-group-container .view-line', { hasText: text }).first().waitFor();
  }

  /** Waits until an editor of that title is open and has the focus: its tab comes earlier, and then it takes the focus. */
  async waitForFocusedEditor(title: string | RegExp): Promise<void> {
    const group = this.page.locator('.editor-group-container', {
      has: this.page.locator('.tab.active', { hasText: title }),
    });
    await group.locator('.editor-container :focus').first().waitFor({ state: 'attached' });
  }

  // Appearance

  /** Changes user settings and loads the window anew, since VS Code may overlook a change to the file. */
  async updateSettings(changes: Readonly<Record<string, unknown>>): Promise<void> {
    const file = join(this.dataDir, 'data', 'User', 'settings.json');
    const settings = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    await writeFile(file, JSON.stringify({ ...settings, ...changes }, null, 2));
    await this.reload();
  }

  /** Changes the colour theme and waits until the workbench has it. */
  async setTheme(kind: ThemeKind): Promise<void> {
    const { name, className } = themes[kind];
    await this.runCommand('Preferences: Color Theme');
    const box = this.page.locator(`${quickInput} input[placeholder*="Theme"]`);
    await box.fill(name);
    await this.pick(name);
    await this.page.locator(`.monaco-workbench.${className}`).first().waitFor();
  }

  /** Keeps a picture of the whole window as `out/screenshots/NAME.png`. */
  async screenshot(name: string): Promise<string> {
    const path = join(screenshotFolder, `${name}.png`);
    await mkdir(dirname(path), { recursive: true });
    await this.page.screenshot({ path, animations: 'disabled' });
    return path;
  }
}

async function readNotification(item: Locator): Promise<NotificationText> {
  return {
    message: (await item.locator('.notification-list-item-message').innerText()).trim(),
    buttons: await item.locator('.notification-list-item-buttons-container .monaco-button').allInnerTexts(),
  };
}

/** For what VS Code ignores while it is busy with something else: again, until it took. */
async function retry(attempt: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + actionTimeoutMs;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
