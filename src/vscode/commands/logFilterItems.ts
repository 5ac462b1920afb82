import * as vscode from 'vscode';
import { compileFilter, type LogFilter } from '../../model/logFilter';
import { isSamePattern, typedPattern } from '../../model/logFilterText';
import type { LogLevel } from '../../model/logLevel';
import type { Pattern } from '../../model/logPattern';
import {
  contextInWords,
  filterInWords,
  filterProblemInWords,
  minimumLevelInWords,
  patternInWords,
} from '../logs/filterWords';
import { plainLabel } from './targets';

export type PatternList = 'include' | 'exclude';

/** What somebody does with a filter that is being put together. */
export type FilterStep =
  | { readonly kind: 'apply' | 'clear' | 'level' | 'unknownLevel' | 'context' | 'nothing' }
  /** The text that was typed into the pick itself. */
  | { readonly kind: 'addTyped'; readonly list: PatternList }
  | { readonly kind: 'add'; readonly list: PatternList }
  | { readonly kind: 'edit' | 'remove'; readonly list: PatternList; readonly index: number };

export interface FilterItem extends vscode.QuickPickItem {
  readonly step: FilterStep;
}

/** Before a text that is typed, as in the filter of the tree: hide what contains the rest. */
const EXCLUDING = '!';

/** The filter as it is by now, part by part, with what can be done with it. */
export function summaryItems(draft: LogFilter): FilterItem[] {
  const isFiltering = filterInWords(draft) !== '';
  return [
    {
      label: vscode.l10n.t('Apply'),
      iconPath: new vscode.ThemeIcon('check'),
      description: isFiltering ? plainLabel(filterInWords(draft)) : vscode.l10n.t('everything is shown'),
      step: { kind: 'apply' },
    },
    ...levelItems(draft),
    separator(vscode.l10n.t('Only lines with')),
    ...patternItems(draft, 'include'),
    separator(vscode.l10n.t('Without lines with')),
    ...patternItems(draft, 'exclude'),
    separator(vscode.l10n.t('Around what is found')),
    contextItem(draft),
    ...(isFiltering ? [separator(''), clearItem()] : []),
  ];
}

/** What a text that is being typed can become. Their order is the alphabet's: VS Code sorts them. */
export function typedItems(draft: LogFilter, typed: string): FilterItem[] {
  const problem = problemOfTyped(draft, typed);
  if (problem !== undefined) {
    const iconPath = new vscode.ThemeIcon('error');
    return [{ label: problem, iconPath, alwaysShow: true, step: { kind: 'nothing' } }];
  }
  const { list, text } = readTyped(typed);
  const name = plainLabel(patternInWords(typedPattern(text)));
  const excluding: FilterItem = {
    label: vscode.l10n.t('Without lines with {0}', name),
    iconPath: new vscode.ThemeIcon('circle-slash'),
    alwaysShow: true,
    step: { kind: 'addTyped', list: 'exclude' },
  };
  if (list === 'exclude') return [excluding];
  const including: FilterItem = {
    label: vscode.l10n.t('Only lines with {0}', name),
    iconPath: new vscode.ThemeIcon('search'),
    alwaysShow: true,
    step: { kind: 'addTyped', list: 'include' },
  };
  return [including, excluding];
}

/** `!text` is meant for the list of what is hidden. */
export function readTyped(typed: string): { readonly list: PatternList; readonly text: string } {
  return typed.startsWith(EXCLUDING) && typed.length > EXCLUDING.length
    ? { list: 'exclude', text: typed.slice(EXCLUDING.length) }
    : { list: 'include', text: typed };
}

function problemOfTyped(draft: LogFilter, typed: string): string | undefined {
  const { list, text } = readTyped(typed);
  return problemOf(withPattern(draft, list, typedPattern(text)));
}

/** Why the filter can't be used, in the person's words. */
export function problemOf(filter: LogFilter): string | undefined {
  const compiled = compileFilter(filter);
  return compiled.kind === 'filterError' ? filterProblemInWords(compiled) : undefined;
}

export function withLevel(filter: LogFilter, level: LogLevel | undefined): LogFilter {
  const { include, exclude, contextLines, hideUnknownLevel } = filter;
  if (level === undefined) return { include, exclude, contextLines };
  return { ...filter, minimumLevel: level, hideUnknownLevel: hideUnknownLevel === true };
}

/** With one more pattern, or with another one in the place of the one at `index`. Each is there once. */
export function withPattern(
  filter: LogFilter,
  list: PatternList,
  pattern: Pattern,
  index = filter[list].length,
): LogFilter {
  const others = filter[list].map((other, at) => (at === index ? pattern : other));
  const all = index < others.length ? others : [...others, pattern];
  const unique = all.filter((one, at) => all.findIndex((other) => isSamePattern(one, other)) === at);
  return { ...filter, [list]: unique };
}

export function withoutPattern(filter: LogFilter, list: PatternList, index: number): LogFilter {
  return { ...filter, [list]: filter[list].filter((_pattern, at) => at !== index) };
}

function levelItems({ minimumLevel, hideUnknownLevel }: LogFilter): FilterItem[] {
  const level: FilterItem = {
    label: vscode.l10n.t('Minimum level'),
    iconPath: new vscode.ThemeIcon('warning'),
    description: minimumLevel ? minimumLevelInWords(minimumLevel) : vscode.l10n.t('any'),
    step: { kind: 'level' },
  };
  if (!minimumLevel) return [separator(vscode.l10n.t('Level')), level];
  const isHidden = hideUnknownLevel === true;
  const unknown: FilterItem = {
    label: vscode.l10n.t('Lines without a level'),
    iconPath: new vscode.ThemeIcon(isHidden ? 'eye-closed' : 'eye'),
    description: isHidden ? vscode.l10n.t('are hidden') : vscode.l10n.t('are shown'),
    step: { kind: 'unknownLevel' },
  };
  return [separator(vscode.l10n.t('Level')), level, unknown];
}

function patternItems(draft: LogFilter, list: PatternList): FilterItem[] {
  const iconPath = new vscode.ThemeIcon(list === 'include' ? 'search' : 'circle-slash');
  const remove = { iconPath: new vscode.ThemeIcon('trash'), tooltip: vscode.l10n.t('Remove') };
  const items = draft[list].map((pattern, index) => ({
    label: plainLabel(patternInWords(pattern)),
    iconPath,
    buttons: [remove],
    step: { kind: 'edit' as const, list, index },
  }));
  const label = list === 'include' ? vscode.l10n.t('Only lines with…') : vscode.l10n.t('Without lines with…');
  return [...items, { label, iconPath: new vscode.ThemeIcon('add'), step: { kind: 'add', list } }];
}

function contextItem({ contextLines }: LogFilter): FilterItem {
  return {
    label: vscode.l10n.t('Lines of context'),
    iconPath: new vscode.ThemeIcon('list-flat'),
    description: contextLines === 0 ? vscode.l10n.t('none') : contextInWords(contextLines),
    step: { kind: 'context' },
  };
}

function clearItem(): FilterItem {
  return {
    label: vscode.l10n.t('Clear Filter'),
    iconPath: new vscode.ThemeIcon('clear-all'),
    step: { kind: 'clear' },
  };
}

function separator(label: string): FilterItem {
  return { label, kind: vscode.QuickPickItemKind.Separator, step: { kind: 'nothing' } };
}
