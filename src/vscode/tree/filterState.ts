import type * as vscode from 'vscode';
import { Emitter } from '../../base/emitter';
import type { Disposable } from '../../base/lifecycle';
import type { ContainerFilter } from '../../model/containerFilter';

const TEXT_KEY = 'filter.text';
const HIDE_STOPPED_KEY = 'filter.hideStopped';

/** The filter as it was left: the text belongs to the workspace, hiding what is stopped to the person. */
export class FilterState implements Disposable {
  private readonly changed = new Emitter<ContainerFilter>();
  private current: ContainerFilter;

  readonly onDidChange = this.changed.event;

  constructor(
    private readonly memory: Pick<vscode.ExtensionContext, 'workspaceState' | 'globalState'>,
    hideStoppedByDefault: boolean,
  ) {
    const text: unknown = memory.workspaceState.get(TEXT_KEY);
    const hideStopped: unknown = memory.globalState.get(HIDE_STOPPED_KEY);
    this.current = {
      text: typeof text === 'string' ? text : '',
      hideStopped: typeof hideStopped === 'boolean' ? hideStopped : hideStoppedByDefault,
    };
  }

  get value(): ContainerFilter {
    return this.current;
  }

  /** Shows at once; only what is kept is remembered. */
  async setText(text: string, options: { readonly isKept: boolean }): Promise<void> {
    this.set({ ...this.current, text });
    if (options.isKept) await this.memory.workspaceState.update(TEXT_KEY, text);
  }

  async setHideStopped(hideStopped: boolean): Promise<void> {
    this.set({ ...this.current, hideStopped });
    await this.memory.globalState.update(HIDE_STOPPED_KEY, hideStopped);
  }

  private set(filter: ContainerFilter): void {
    if (filter.text === this.current.text && filter.hideStopped === this.current.hideStopped) return;
    this.current = filter;
    this.changed.fire(filter);
  }

  dispose(): void {
    this.changed.dispose();
  }
}
