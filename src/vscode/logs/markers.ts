import * as vscode from 'vscode';
import { assertNever } from '../../base/errors';
import type { LogMarker, RunEnd } from '../../model/log';
import type { LogFilter } from '../../model/logFilter';
import type { OmissionTexts } from '../../model/channelText';
import { filterInWords } from './filterWords';

/** A line of ours between a container's own lines. */
export function markerLine(text: string): string {
  return `── ${text} ──`;
}

/** What happened, as a line of the log. */
export function describeMarker(marker: LogMarker): string {
  switch (marker.kind) {
    case 'stopped':
      return markerLine(vscode.l10n.t('stopped{0}', describeEnd(marker)));
    case 'restarted':
      return markerLine(vscode.l10n.t('restarted{0}', describeEnd(marker)));
    case 'started':
      return markerLine(vscode.l10n.t('started again'));
    case 'connectionLost':
      return markerLine(vscode.l10n.t('connection to the engine lost, waiting for it'));
    case 'reconnected':
      return markerLine(vscode.l10n.t('reconnected, going on where it broke off'));
    case 'gap':
      return markerLine(describeGap(marker));
    case 'fidelity':
      return markerLine(describeFidelity(marker));
    case 'notShown':
      return notShownLine(marker.count);
    case 'engineMessage':
      return markerLine(vscode.l10n.t('the engine says: {0}', marker.text));
    case 'removed':
      return markerLine(vscode.l10n.t('the container was removed'));
    case 'recreated':
      return markerLine(vscode.l10n.t('created anew'));
    default:
      return assertNever(marker);
  }
}

function notShownLine(count: number): string {
  return markerLine(
    count === 1
      ? vscode.l10n.t('1 line not shown')
      : vscode.l10n.t('{0} lines not shown', count.toLocaleString(vscode.env.language)),
  );
}

/** What a tail that begins shows of the log. */
export function filterLine(filter: LogFilter): string {
  return markerLine(vscode.l10n.t('filter: {0}', filterInWords(filter)));
}

/** A tail begins anew and shows everything. */
export function filterClearedLine(): string {
  return markerLine(vscode.l10n.t('filter cleared'));
}

function describeGap({ from, to, count }: Extract<LogMarker, { kind: 'gap' }>): string {
  if (count !== undefined) {
    return vscode.l10n.t('{0} lines are missing between {1} and {2}', count.toLocaleString(), from, to);
  }
  if (from === to) return vscode.l10n.t('lines are missing after {0}: the engine no longer has them', from);
  return vscode.l10n.t('lines are missing between {0} and {1}: the engine no longer has them', from, to);
}

function describeFidelity({ driver, fidelity }: Extract<LogMarker, { kind: 'fidelity' }>): string {
  if (fidelity === 'unknown') {
    return vscode.l10n.t('kept by the log driver {0}: whether it is complete is not known', driver);
  }
  return vscode.l10n.t(
    'sent on by the log driver {0}; read from a local copy, in which lines may be missing',
    driver,
  );
}

function describeEnd({ exitCode, outOfMemory }: RunEnd): string {
  const exit = exitCode === undefined ? '' : vscode.l10n.t(', exit {0}', exitCode);
  return outOfMemory ? `${exit} (${vscode.l10n.t('out of memory')})` : exit;
}

/** Built when asked, because translations are there only after activation. */
export const OMISSION_TEXTS: OmissionTexts = {
  cutOff: (lines) =>
    markerLine(vscode.l10n.t('{0} earlier lines are no longer shown', lines.toLocaleString())),
  skipped: (lines) =>
    markerLine(
      vscode.l10n.t('{0} lines skipped: they came faster than they can be shown', lines.toLocaleString()),
    ),
};
