import * as vscode from 'vscode';
import { oneLine } from '../../model/format';
import type { Host } from '../hosts/host';
import { needsPerson, troubleOf, type Trouble } from '../hosts/trouble';
import { remedyFor, troubleDetails, troubleInWords } from '../hosts/troubleWords';
import type { MessageNode } from './nodes';

/** The rows that say, below a host, what is wrong with it; none while it is well or only away for a moment. */
export function messageParts(host: Host): string[] {
  const trouble = shownTrouble(host);
  if (trouble === undefined) return [];
  // The host's own row says that already, and it is as the person wanted it.
  if (trouble.kind === 'disconnected') return ['remedy'];
  const details = troubleDetails(trouble, host).map((_, index) => `detail-${index + 1}`);
  return ['problem', ...details, 'remedy'];
}

/** Everything the rows show; equal texts look equal. */
export function messageState(host: Host): string {
  const trouble = shownTrouble(host);
  if (trouble === undefined) return '';
  return [troubleInWords(trouble, host), ...troubleDetails(trouble, host)].join('\n');
}

/** What is known of a host says more than that it is out of reach: its row tells that, and its rows are dimmed. */
function shownTrouble(host: Host): Trouble | undefined {
  const trouble = troubleOf(host);
  if (trouble === undefined) return undefined;
  return host.engine.containers === undefined || needsPerson(trouble.kind) ? trouble : undefined;
}

export function messageItem(node: MessageNode): vscode.TreeItem {
  const item = new vscode.TreeItem('');
  const trouble = shownTrouble(node.host);
  item.id = node.id;
  item.contextValue = 'message;';
  if (trouble === undefined) return item;
  if (node.part === 'problem') showProblem(item, trouble, node.host);
  else if (node.part === 'remedy') showRemedy(item, trouble, node);
  else showDetail(item, troubleDetails(trouble, node.host)[Number(node.part.slice('detail-'.length)) - 1]);
  return item;
}

function showProblem(item: vscode.TreeItem, trouble: Trouble, host: Host): void {
  item.label = capitalized(troubleInWords(trouble, host));
  item.tooltip = trouble.error ? oneLine(trouble.error.message, 1_000) : item.label;
  item.iconPath = new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
}

function showDetail(item: vscode.TreeItem, text = ''): void {
  item.label = capitalized(text);
  item.tooltip = item.label;
  item.iconPath = new vscode.ThemeIcon('blank');
}

function showRemedy(item: vscode.TreeItem, trouble: Trouble, node: MessageNode): void {
  const { title, icon, command } = remedyFor(trouble, node.host);
  item.label = title;
  item.iconPath = new vscode.ThemeIcon(icon, new vscode.ThemeColor('textLink.foreground'));
  item.command = { command, title, arguments: [node] };
}

function capitalized(text: string): string {
  return oneLine(text.charAt(0).toLocaleUpperCase(vscode.env.language) + text.slice(1));
}
