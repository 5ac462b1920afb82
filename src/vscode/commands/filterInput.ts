import * as vscode from 'vscode';
import { DisposableStore } from '../../base/lifecycle';
import type { FilterState } from '../tree/filterState';

/** Asks for the filter's text, which shows in the tree while it is typed; leaving with Escape puts back what was. */
export async function askForFilter(filter: FilterState): Promise<void> {
  const before = filter.value.text;
  const kept = await typedText(before, (text) => void filter.setText(text, { isKept: false }));
  await filter.setText(kept ?? before, { isKept: true });
}

function typedText(before: string, typed: (text: string) => void): Promise<string | undefined> {
  const store = new DisposableStore();
  const input = store.add(vscode.window.createInputBox());
  input.title = vscode.l10n.t('Filter Containers');
  input.placeholder = vscode.l10n.t('Name, image, project, service or state; !word excludes');
  input.value = before;
  return new Promise<string | undefined>((resolve) => {
    store.add(input.onDidChangeValue((text) => typed(text.trim())));
    store.add(input.onDidAccept(() => resolve(input.value.trim())));
    store.add(input.onDidHide(() => resolve(undefined)));
    input.show();
  }).finally(() => store.dispose());
}
