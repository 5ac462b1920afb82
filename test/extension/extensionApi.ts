import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Container } from '../../src/model/container';
import type { ExtensionExports, TestApi, TreeRow } from '../../src/vscode/testApi';
import type { Node } from '../../src/vscode/tree/nodes';
import { MemoryEngine } from '../doubles/memoryEngine';
import { eventually } from '../support/eventually';

const EXTENSION_ID = 'quaywatch.quaywatch';

/** The activated extension's test API. */
export async function extensionApi(): Promise<TestApi> {
  const extension = vscode.extensions.getExtension<ExtensionExports>(EXTENSION_ID);
  assert.ok(extension, 'the extension is not installed');
  const { forTests } = await extension.activate();
  assert.ok(forTests, 'the extension does not run in test mode');
  return forTests;
}

/** Puts a connected engine in memory in the place of the local host's, with nothing filtered. */
export async function useMemoryEngine(api: TestApi, containers: readonly Container[]): Promise<MemoryEngine> {
  await api.filter.setText('', { isKept: true });
  await api.filter.setHideStopped(false);
  const engine = new MemoryEngine();
  api.useEngine(engine);
  engine.connect();
  engine.becomeReady(containers);
  await eventually('the tree shows the list', () => allRows(api).length > containers.length);
  return engine;
}

export function allRows(api: TestApi): TreeRow[] {
  const flatten = (rows: readonly TreeRow[]): TreeRow[] =>
    rows.flatMap((row) => [row, ...flatten(row.children)]);
  return flatten(api.rows());
}

export function labelOf({ item }: TreeRow): string {
  return typeof item.label === 'string' ? item.label : (item.label?.label ?? '');
}

export function rowNamed(api: TestApi, label: string): TreeRow {
  const row = allRows(api).find((candidate) => labelOf(candidate) === label);
  assert.ok(row, `no row ${label} among ${allRows(api).map(labelOf).join(', ')}`);
  return row;
}

/** `label  description`, indented as the tree is. */
export function outline(rows: readonly TreeRow[], depth = 0): string[] {
  return rows.flatMap((row) => {
    const description = typeof row.item.description === 'string' ? row.item.description : '';
    return [
      `${'  '.repeat(depth)}${labelOf(row)}  ${description}`.trimEnd(),
      ...outline(row.children, depth + 1),
    ];
  });
}

/** What the tree asked VS Code to draw anew while `act` ran and the queue was flushed. */
export async function refreshedBy(api: TestApi, act: () => void): Promise<(Node | undefined)[]> {
  const refreshed: (Node | undefined)[] = [];
  const subscription = api.onDidRefresh((nodes) =>
    refreshed.push(...(Array.isArray(nodes) ? nodes : [nodes])),
  );
  act();
  await eventually('the tree is refreshed', () => refreshed.length > 0);
  subscription.dispose();
  return refreshed;
}
