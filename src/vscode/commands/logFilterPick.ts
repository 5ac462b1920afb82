import * as vscode from 'vscode';
import { DisposableStore } from '../../base/lifecycle';
import { EVERYTHING, type LogFilter } from '../../model/logFilter';
import { patternAsTyped, typedPattern } from '../../model/logFilterText';
import { LOG_LEVELS, type LogLevel } from '../../model/logLevel';
import { minimumLevelInWords } from '../logs/filterWords';
import {
  problemOf,
  readTyped,
  summaryItems,
  typedItems,
  withLevel,
  withoutPattern,
  withPattern,
  type FilterItem,
  type FilterStep,
  type PatternList,
} from './logFilterItems';

/** What was done, and what stood in the box. */
interface Answer {
  readonly step: FilterStep;
  readonly typed: string;
}

/**
 * Puts a filter together, step by step, in one pick that always shows the filter as it is by now.
 *
 * @returns the filter to apply, which may let everything pass; `undefined` when the person left
 */
export async function askForLogFilter(
  title: string,
  before: LogFilter | undefined,
): Promise<LogFilter | undefined> {
  let draft = before ?? EVERYTHING;
  for (;;) {
    const answer = await showSummary(title, draft);
    if (answer === undefined) return undefined;
    if (answer.step.kind === 'apply') return draft;
    if (answer.step.kind === 'clear') return EVERYTHING;
    draft = await carryOut(title, draft, answer);
  }
}

function showSummary(title: string, draft: LogFilter): Promise<Answer | undefined> {
  const store = new DisposableStore();
  const pick = store.add(vscode.window.createQuickPick<FilterItem>());
  pick.title = title;
  pick.placeholder = vscode.l10n.t('Type a text or a /pattern/ to look for, or !text to hide it');
  // Whoever looks something up in the log in between finds the filter as they left it.
  pick.ignoreFocusOut = true;
  pick.items = summaryItems(draft);
  return new Promise<Answer | undefined>((resolve) => {
    const answer = (step: FilterStep): void => {
      if (step.kind !== 'nothing') resolve({ step, typed: pick.value });
    };
    store.add(
      pick.onDidChangeValue((typed) => {
        pick.items = isBlank(typed) ? summaryItems(draft) : typedItems(draft, typed);
      }),
    );
    store.add(pick.onDidAccept(() => answer(acceptedStep(pick, draft))));
    store.add(
      pick.onDidTriggerItemButton(({ item: { step } }) =>
        answer(step.kind === 'edit' ? { ...step, kind: 'remove' } : step),
      ),
    );
    store.add(pick.onDidHide(() => resolve(undefined)));
    pick.show();
  }).finally(() => store.dispose());
}

/** Somebody who types fast accepts before the items for the text are there: what was typed counts. */
function acceptedStep(pick: vscode.QuickPick<FilterItem>, draft: LogFilter): FilterStep {
  const selected = pick.selectedItems[0]?.step ?? { kind: 'nothing' };
  if (isBlank(pick.value)) return selected;
  const steps = typedItems(draft, pick.value).map(({ step }) => step);
  const isOffered = steps.some((step) => step.kind === selected.kind && listOf(step) === listOf(selected));
  return isOffered ? selected : (steps[0] ?? { kind: 'nothing' });
}

function listOf(step: FilterStep): PatternList | undefined {
  return 'list' in step ? step.list : undefined;
}

async function carryOut(title: string, draft: LogFilter, { step, typed }: Answer): Promise<LogFilter> {
  switch (step.kind) {
    case 'level':
      return askForLevel(title, draft);
    case 'unknownLevel':
      return { ...draft, hideUnknownLevel: draft.hideUnknownLevel !== true };
    case 'context':
      return askForContext(title, draft);
    case 'addTyped':
      return withPattern(draft, step.list, typedPattern(readTyped(typed).text));
    case 'add':
      return askForPattern(title, draft, step.list);
    case 'edit':
      return askForPattern(title, draft, step.list, step.index);
    case 'remove':
      return withoutPattern(draft, step.list, step.index);
    default:
      return draft;
  }
}

async function askForLevel(title: string, draft: LogFilter): Promise<LogFilter> {
  const item = (label: string, level: LogLevel | undefined) => ({
    label,
    level,
    iconPath: new vscode.ThemeIcon(level === draft.minimumLevel ? 'circle-filled' : 'circle-outline'),
  });
  const items = [
    item(vscode.l10n.t('Any level'), undefined),
    ...LOG_LEVELS.map((level) => item(minimumLevelInWords(level), level)),
  ];
  const placeHolder = vscode.l10n.t('From which level on?');
  const chosen = await vscode.window.showQuickPick(items, { title, placeHolder });
  return chosen ? withLevel(draft, chosen.level) : draft;
}

async function askForContext(title: string, draft: LogFilter): Promise<LogFilter> {
  const withContext = (typed: string): LogFilter => ({ ...draft, contextLines: Number(typed.trim() || 'x') });
  const typed = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('How many lines to show before and after what is found'),
    value: String(draft.contextLines),
    validateInput: (text) => problemOf(withContext(text)),
  });
  return typed === undefined ? draft : withContext(typed);
}

/** Changes the pattern at `index`, which an empty text removes, or adds one. */
async function askForPattern(
  title: string,
  draft: LogFilter,
  list: PatternList,
  index?: number,
): Promise<LogFilter> {
  const known = index === undefined ? undefined : draft[list][index];
  const typed = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t(
      'A text, found in upper and lower case, or a regular expression like {0}',
      '/time.?out/i',
    ),
    value: known ? patternAsTyped(known) : '',
    validateInput: (text) =>
      isBlank(text) ? undefined : problemOf(withPattern(draft, list, typedPattern(text), index)),
  });
  if (typed === undefined) return draft;
  if (!isBlank(typed)) return withPattern(draft, list, typedPattern(typed), index);
  return index === undefined ? draft : withoutPattern(draft, list, index);
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}
