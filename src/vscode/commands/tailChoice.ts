import * as vscode from 'vscode';
import { formatLocalSecond } from '../../model/logStamp';
import { parseSince, startOfToday } from '../../model/logSince';
import type { TailChoice } from '../logs/logTails';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

type From = TailChoice['from'];

interface FromItem extends vscode.QuickPickItem {
  /** Asks further where the item alone does not tell. */
  readonly from?: () => From | Promise<From | undefined>;
}

/** Asks where a tail is to begin and how it is to look; `undefined` when the person left. */
export async function askForTail(
  title: string,
  hasTimestampsByDefault: boolean,
): Promise<TailChoice | undefined> {
  const placeHolder = vscode.l10n.t('From where on?');
  const chosen = await vscode.window.showQuickPick(fromItems(title), { title, placeHolder });
  const from = await chosen?.from?.();
  if (from === undefined) return undefined;
  const hasTimestamps = await askForTimestamps(title, {
    detail: vscode.l10n.t('When the engine received the line, in local time'),
    isDefault: hasTimestampsByDefault,
  });
  return hasTimestamps === undefined ? undefined : { from, hasTimestamps };
}

function fromItems(title: string): FromItem[] {
  const last = (count: number): FromItem => ({
    label: vscode.l10n.t('Last {0} lines', count.toLocaleString(vscode.env.language)),
    from: () => ({ tail: count }),
  });
  const past = (label: string, durationMs: number): FromItem => ({
    label,
    from: () => since(Date.now() - durationMs),
  });
  return [
    last(100),
    last(1_000),
    last(10_000),
    { label: vscode.l10n.t('Whole log'), from: () => ({ tail: 'all' }) },
    { label: vscode.l10n.t('Since'), kind: vscode.QuickPickItemKind.Separator },
    past(vscode.l10n.t('Since 5 minutes ago'), 5 * MINUTE_MS),
    past(vscode.l10n.t('Since 1 hour ago'), HOUR_MS),
    { label: vscode.l10n.t('Since the beginning of today'), from: () => since(startOfToday(Date.now())) },
    { label: vscode.l10n.t('Since a time…'), from: () => askForSince(title) },
  ];
}

/** The engine would count the lines of `tail` before it looks at their time: all of them, then. */
function since(atMs: number): From {
  return { tail: 'all', since: new Date(atMs).toISOString() };
}

async function askForSince(title: string): Promise<From | undefined> {
  const typed = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('A span like 90m, 2h 30m or 3d, a time like 9:30, or a date like {0}', now()),
    placeHolder: '90m',
    validateInput: whyNot,
  });
  if (typed === undefined) return undefined;
  const read = parseSince(typed, Date.now());
  return read.kind === 'at' ? since(read.atMs) : undefined;
}

function whyNot(typed: string): string | undefined {
  switch (parseSince(typed, Date.now()).kind) {
    case 'at':
      return undefined;
    case 'future':
      return vscode.l10n.t('That is in the future: it is {0} now.', now());
    case 'unreadable':
      return vscode.l10n.t('Type a span like 90m, a time like 9:30, or a date like {0}.', now());
  }
}

function now(): string {
  return formatLocalSecond(Date.now());
}

/** With or without timestamps? `undefined` when the person left. */
export async function askForTimestamps(
  title: string,
  { detail, isDefault }: { readonly detail: string; readonly isDefault: boolean },
): Promise<boolean | undefined> {
  const items = [
    { label: vscode.l10n.t('Without timestamps'), hasTimestamps: false },
    { label: vscode.l10n.t('With timestamps'), detail, hasTimestamps: true },
  ];
  const ordered = isDefault ? items.reverse() : items;
  const placeHolder = vscode.l10n.t('Show the time of each line?');
  return (await vscode.window.showQuickPick(ordered, { title, placeHolder }))?.hasTimestamps;
}
