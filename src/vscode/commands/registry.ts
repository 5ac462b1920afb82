import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { isNode, type Node } from '../tree/nodes';
import { COMMAND_IDS, type CommandId } from './commandIds';

/** What a command was called on: the row, and the whole selection if the row is part of it. */
export type Invocation = readonly Node[];

/** @param args all that the command was called with, unchecked: files of the Explorer, a page's deployment */
export type CommandHandler = (nodes: Invocation, args: readonly unknown[]) => void | Promise<void>;

/** One handler for every command: leaving one out does not compile. */
export type CommandHandlers = Readonly<Record<CommandId, CommandHandler>>;

/** @param onFailure receives what a handler did not deal with itself. */
export function registerCommands(handlers: CommandHandlers, onFailure: (error: unknown) => void): Disposable {
  const store = new DisposableStore();
  for (const id of COMMAND_IDS) {
    const run = async (...args: unknown[]): Promise<void> => {
      try {
        await handlers[id](invokedOn(args), args);
      } catch (error) {
        onFailure(error);
      }
    };
    store.add(vscode.commands.registerCommand(id, run));
  }
  return store;
}

/** VS Code calls with the clicked row and, if several are selected, with all of them. */
function invokedOn([clicked, selected]: readonly unknown[]): Invocation {
  if (Array.isArray(selected) && selected.length > 0) return selected.filter(isNode);
  return isNode(clicked) ? [clicked] : [];
}
