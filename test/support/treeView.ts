/** A tree view of the workbench: its rows as they are on screen, and what a person does with them. */
import type { Locator, Page } from 'playwright-core';
import { escapeRegExp } from './text';
import type { VSCodePage } from './vscodePage';

/** A row of a tree, as drawn. */
export interface TreeRow {
  readonly label: string;
  /** The greyed text behind the label; empty when there is none. */
  readonly description: string;
  /** What a screen reader says. */
  readonly ariaLabel: string;
  /** 1 for a root. */
  readonly level: number;
  /** Undefined for a leaf. */
  readonly expanded: boolean | undefined;
  readonly selected: boolean;
  /** The row's icon: the codicon's name, or empty for a picture or none. */
  readonly icon: string;
}

const HOVER_TIMEOUT_MS = 4_000;
const HOVER_ATTEMPTS = 5;
const MENU_ATTEMPTS = 5;
const MENU_TIMEOUT_MS = 15_000;

export class TreeView {
  private readonly page: Page;

  constructor(
    private readonly workbench: VSCodePage,
    /** The name in the view's heading. */
    private readonly viewName: string,
  ) {
    this.page = workbench.page;
  }

  /** The rows drawn now, top to bottom. A long tree draws only those in sight. */
  async rows(): Promise<TreeRow[]> {
    const rows = await this.rowLocator().all();
    const placed = await Promise.all(rows.map((row) => readRow(row)));
    return placed.sort((left, right) => left.index - right.index).map(({ row }) => row);
  }

  /** The tree as indented text, `label  (description)`: good for a failure's message. */
  async outline(): Promise<string> {
    const rows = await this.rows();
    return rows
      .map(({ level, label, description }) => `${'  '.repeat(level - 1)}${label}  (${description})`)
      .join('\n');
  }

  /** Waits for a row by its label (text: exactly; pattern: somewhere in it) and returns what it shows. */
  async waitForRow(label: string | RegExp, timeoutMs = 30_000): Promise<TreeRow> {
    const row = this.row(label);
    await row.waitFor({ timeout: timeoutMs });
    return (await readRow(row)).row;
  }

  /** Waits until no row has the label. */
  async waitForNoRow(label: string | RegExp, timeoutMs = 30_000): Promise<void> {
    await this.row(label).waitFor({ state: 'detached', timeout: timeoutMs });
  }

  /** Waits until a row's description matches, and returns the row. */
  async waitForDescription(
    label: string | RegExp,
    description: RegExp,
    timeoutMs = 30_000,
  ): Promise<TreeRow> {
    const row = this.row(label).filter({
      has: this.page.locator('.label-description', { hasText: description }),
    });
    await row.first().waitFor({ timeout: timeoutMs });
    return (await readRow(row.first())).row;
  }

  /** Waits until what a screen reader says of a row matches. */
  async waitForSpoken(label: string, spoken: RegExp, timeoutMs = 30_000): Promise<void> {
    const row = this.rowLocator().and(this.page.getByRole('treeitem', { name: spoken }));
    const name = this.page.locator('.label-name', {
      hasText: new RegExp(`^\\s*${escapeRegExp(label)}\\s*$`),
    });
    await row.filter({ has: name }).first().waitFor({ timeout: timeoutMs });
  }

  /** Opens a row that can be opened; no-op when it is open. */
  async expand(label: string | RegExp): Promise<void> {
    await this.toggle(label, 'true');
  }

  async collapse(label: string | RegExp): Promise<void> {
    await this.toggle(label, 'false');
  }

  async click(label: string | RegExp): Promise<void> {
    await this.row(label).locator('.label-name').click();
  }

  /** Selects several rows, as with Ctrl held. */
  async select(labels: readonly (string | RegExp)[]): Promise<void> {
    for (const [index, label] of labels.entries()) {
      await this.row(label)
        .locator('.label-name')
        .click({ modifiers: index === 0 ? [] : ['ControlOrMeta'] });
    }
  }

  /** Right-clicks a row and returns the labels of its menu, which stays open. */
  async openMenu(label: string | RegExp): Promise<string[]> {
    for (let attempt = 1; ; attempt++) {
      await this.row(label).locator('.label-name').click({ button: 'right' });
      const labels = await this.workbench.menuLabels(MENU_TIMEOUT_MS).catch(() => undefined);
      // A tree in motion may have put another row under the pointer, or nothing. The row of a menu has the focus.
      if (labels && (await this.hasFocus(label))) return labels;
      if (attempt === MENU_ATTEMPTS) throw new Error(`the menu of ${String(label)} does not open`);
      await this.workbench.closeMenu();
    }
  }

  /** Right-clicks a row and chooses from its menu. */
  async chooseFromMenu(label: string | RegExp, item: string): Promise<void> {
    await this.openMenu(label);
    await this.workbench.chooseFromMenu(item);
  }

  /** The names of the buttons that a row shows under the pointer. */
  async inlineActions(label: string | RegExp): Promise<string[]> {
    await this.row(label).hover();
    const actions = await this.row(label).locator('.actions .action-label').all();
    const names = await Promise.all(actions.map((action) => action.getAttribute('aria-label')));
    return names.filter((name) => name !== null);
  }

  async clickInlineAction(label: string | RegExp, action: string): Promise<void> {
    await this.row(label).hover();
    await this.row(label).locator(`.actions .action-label[aria-label^="${action}"]`).click();
  }

  /** Points at a row and returns the text of its hover card. A row drawn anew meanwhile wants to be pointed at again. */
  async hover(label: string | RegExp): Promise<string> {
    const card = this.page.locator('.workbench-hover, .monaco-hover').filter({ visible: true }).first();
    for (let attempt = 1; ; attempt++) {
      await this.page.mouse.move(0, 0);
      await this.row(label).locator('.label-name').hover();
      try {
        await card.waitFor({ timeout: HOVER_TIMEOUT_MS });
        return await card.innerText({ timeout: HOVER_TIMEOUT_MS });
      } catch (error) {
        if (attempt === HOVER_ATTEMPTS) throw error;
      }
    }
  }

  /** Clicks a button in the view's heading. */
  async clickTitleAction(action: string): Promise<void> {
    await this.pane().hover();
    const inPane = this.pane().locator(`.pane-header .action-label[aria-label^="${action}"]`);
    // A container's only view has its buttons in the side bar's title.
    const inTitle = this.page.locator(`.sidebar .composite.title .action-label[aria-label^="${action}"]`);
    await inPane.or(inTitle).first().click();
  }

  /** The message line above the tree, such as what is filtered; empty when there is none. */
  async message(): Promise<string> {
    const message = this.pane().locator('.message');
    return (await message.count()) > 0 ? (await message.first().innerText()).trim() : '';
  }

  /** Waits until the message line contains the text. */
  async waitForMessage(text: string | RegExp): Promise<void> {
    await this.pane().locator('.message', { hasText: text }).first().waitFor();
  }

  private async toggle(label: string | RegExp, wanted: 'true' | 'false'): Promise<void> {
    const row = this.row(label);
    await row.waitFor();
    if ((await row.getAttribute('aria-expanded')) !== wanted) await row.locator('.monaco-tl-twistie').click();
    await row.and(this.page.locator(`[aria-expanded="${wanted}"]`)).waitFor();
  }

  private async hasFocus(label: string | RegExp): Promise<boolean> {
    return (await this.row(label).and(this.page.locator('.focused')).count()) > 0;
  }

  private pane(): Locator {
    const header = this.page.locator(`.pane-header[aria-label^="${this.viewName}"]`);
    return this.page.locator('.pane').filter({ has: header }).first();
  }

  private rowLocator(): Locator {
    return this.pane().locator('.monaco-list-row[role="treeitem"]');
  }

  private row(label: string | RegExp): Locator {
    const pattern = typeof label === 'string' ? new RegExp(`^\\s*${escapeRegExp(label)}\\s*$`) : label;
    const name = this.page.locator('.label-name', { hasText: pattern });
    return this.rowLocator().filter({ has: name }).first();
  }
}

async function readRow(row: Locator): Promise<{ index: number; row: TreeRow }> {
  const text = async (selector: string) => {
    const part = row.locator(selector);
    return (await part.count()) > 0 ? (await part.first().innerText()).trim() : '';
  };
  const [expanded, level, selected, ariaLabel, index] = await Promise.all(
    ['aria-expanded', 'aria-level', 'aria-selected', 'aria-label', 'data-index'].map((name) =>
      row.getAttribute(name),
    ),
  );
  const icon = row.locator('.custom-view-tree-node-item-icon').first();
  const iconClass = (await icon.count()) > 0 ? ((await icon.getAttribute('class')) ?? '') : '';
  return {
    index: Number(index),
    row: {
      label: await text('.label-name'),
      description: await text('.label-description'),
      ariaLabel: ariaLabel ?? '',
      level: Number(level),
      expanded: expanded === null || expanded === undefined ? undefined : expanded === 'true',
      selected: selected === 'true',
      icon: /codicon-([\w-]+)/.exec(iconClass.replace('codicon-modifier', ''))?.[1] ?? '',
    },
  };
}
