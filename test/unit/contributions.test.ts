import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { containerContext } from '../../src/model/describe';
import { COMMAND_IDS } from '../../src/vscode/commands/commandIds';
import { WELCOMES } from '../../src/vscode/tree/welcome';
import { makeContainer } from '../doubles/memoryEngine';

interface MenuEntry {
  readonly command: string;
  readonly when?: string;
  readonly group?: string;
}

interface Manifest {
  readonly activationEvents: readonly string[];
  readonly keywords: readonly string[];
  readonly icon: string;
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] };
  };
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly category?: string }[];
    readonly menus: Readonly<Record<string, readonly MenuEntry[]>>;
    readonly configuration: {
      readonly properties: Readonly<Record<string, { readonly default?: unknown; readonly scope?: string }>>;
    };
    readonly viewsWelcome: readonly { readonly contents: string; readonly when: string }[];
  };
}

const root = path.resolve(__dirname, '../..');
const readText = (name: string): string => readFileSync(path.join(root, name), 'utf8');
const readTexts = (name: string): Readonly<Record<string, string>> =>
  JSON.parse(readText(name)) as Readonly<Record<string, string>>;
const manifestText = readText('package.json');
const manifest = JSON.parse(manifestText) as Manifest;
const { commands, menus, configuration, viewsWelcome } = manifest.contributes;

describe('the manifest', () => {
  it('wakes the extension for each tab that a window brings back', () => {
    // Each kind of panel may be a tab, see PanelEditor.
    const kinds = readdirSync(path.join(root, 'src/vscode/panels'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `onWebviewPanel:quaywatch.${name}.editor`);
    const known = manifest.activationEvents.filter((event) => event.startsWith('onWebviewPanel:'));
    assert.deepEqual([...known].sort(), kinds.sort());
  });

  it('contributes exactly the commands there are', () => {
    assert.deepEqual(commands.map(({ command }) => command).sort(), [...COMMAND_IDS].sort());
    assert.ok(commands.every(({ category }) => category === 'Quaywatch'));
  });

  it('names only commands of its own in menus and welcome texts', () => {
    const ids: readonly string[] = COMMAND_IDS;
    const inMenus = Object.values(menus)
      .flat()
      .map(({ command }) => command);
    assert.deepEqual(
      inMenus.filter((command) => !ids.includes(command)),
      [],
    );
    for (const name of ['package.nls.json', 'package.nls.de.json']) {
      const linked = [...readText(name).matchAll(/\(command:([\w.]+)\)/g)].map(
        ([, command]) => command ?? '',
      );
      const foreign = linked.filter(
        (command) => !ids.includes(command) && command !== 'workbench.trust.manage',
      );
      assert.deepEqual(foreign, [], name);
    }
  });

  it('has every text in both languages, and none too many', () => {
    const used = [...new Set([...manifestText.matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key))].sort();
    for (const name of ['package.nls.json', 'package.nls.de.json']) {
      const texts = readTexts(name);
      assert.deepEqual(Object.keys(texts).sort(), used, name);
      assert.ok(
        Object.values(texts).every((text) => text.trim() !== ''),
        name,
      );
    }
  });

  it('gives every command a place, hidden in the palette or not', () => {
    const placed = new Set(
      Object.values(menus)
        .flat()
        .map(({ command }) => command),
    );
    const unplaced = commands.map(({ command }) => command).filter((command) => !placed.has(command));
    // showMore is a click on a row; it is in the palette's list, where it is hidden.
    assert.deepEqual(unplaced, []);
  });

  it('shows at most three inline actions, and removes last', () => {
    const items = menus['view/item/context'] ?? [];
    const states = ['created', 'running', 'paused', 'restarting', 'exited', 'dead', 'odd'];
    for (const isTailing of [true, false]) {
      for (const state of states) {
        const context = containerContext(
          makeContainer('x', { state }),
          { lifecycle: true, exec: true },
          isTailing,
        );
        const shown = items.filter(({ when }) => isShownFor(when ?? '', context));
        assert.ok(shown.filter(({ group }) => group?.startsWith('inline')).length <= 3);
        const inMenu = shown.filter(({ group }) => !group?.startsWith('inline'));
        const sorted = inMenu.sort((left, right) => ((left.group ?? '') < (right.group ?? '') ? -1 : 1));
        assert.equal(sorted.at(0)?.command, 'quaywatch.tailLogs');
        assert.equal(sorted.at(-1)?.command, 'quaywatch.remove');
      }
    }
  });

  it('gives every setting a default, and no workspace the choice of an engine', () => {
    for (const [name, { default: value }] of Object.entries(configuration.properties)) {
      assert.notEqual(value, undefined, name);
    }
    assert.equal(configuration.properties['quaywatch.dockerHost']?.scope, 'machine');
    assert.ok(
      manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.includes('quaywatch.dockerHost'),
    );
  });

  it('has a welcome for each of the states there are', () => {
    const states = WELCOMES.filter((state) => state !== 'none');
    assert.deepEqual(viewsWelcome.map(({ when }) => when.split(' == ')[1]).sort(), states.sort());
  });

  it('keeps to what the marketplace takes', () => {
    assert.ok(manifest.keywords.length <= 5);
    const png = readFileSync(path.join(root, manifest.icon));
    assert.ok(png.readUInt32BE(16) >= 128 && png.readUInt32BE(16) === png.readUInt32BE(20));
  });
});

describe('the texts in code', () => {
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readText(path.join('src', name)));

  it('are all there in German, with the same placeholders, and none too many', () => {
    const calls = sources.flatMap((source) => [...source.matchAll(/l10n\.t\(\s*(?:'((?:[^'\\]|\\.)*)')?/g)]);
    assert.deepEqual(
      calls.filter(([, text]) => text === undefined).map(([call]) => call),
      [],
      'not a plain string',
    );
    const german = readTexts('l10n/bundle.l10n.de.json');
    assert.deepEqual(Object.keys(german).sort(), [...new Set(calls.map(([, text]) => text ?? ''))].sort());
    for (const [text, translated] of Object.entries(german))
      assert.deepEqual(placeholders(translated), placeholders(text), text);
  });
});

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{\d\}/g)].map(([placeholder]) => placeholder).sort();
}

/**
 * Enough of a when clause for the menus of a single item: equalities of the view and matches of `viewItem`, joined by
 * `&&`.
 */
function isShownFor(when: string, viewItem: string): boolean {
  return when.split(' && ').every((clause) => {
    if (clause === 'view == quaywatch.containers' || clause === '!listMultiSelection') return true;
    if (clause === 'listMultiSelection') return false;
    const pattern = /^viewItem =~ \/(.+)\/$/.exec(clause)?.[1];
    assert.ok(pattern !== undefined, `unknown clause: ${clause}`);
    return new RegExp(pattern).test(viewItem);
  });
}
