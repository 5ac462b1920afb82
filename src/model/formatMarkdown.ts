import { oneLine } from './format';

/**
 * Makes Markdown show `text` as it stands: every ASCII punctuation mark is escaped, so that no name, label or command
 * of a container becomes markup, a link, an image or HTML.
 */
export function escapeMarkdown(text: string): string {
  return oneLine(text).replace(/[!-/:-@[-`{-~]/g, (mark) =>
    mark === '<' ? '&lt;' : mark === '&' ? '&amp;' : `\\${mark}`,
  );
}

/** One row of a card: a label of ours and a value from outside. */
export interface CardRow {
  readonly label: string;
  readonly value: string | undefined;
}

/** A title and its rows as Markdown; rows without a value are left out. */
export function markdownCard(title: string, rows: readonly CardRow[]): string {
  const lines = rows
    .filter((row) => row.value !== undefined && row.value !== '')
    .map((row) => `**${escapeMarkdown(row.label)}:** ${escapeMarkdown(row.value ?? '')}`);
  return [`**${escapeMarkdown(title)}**`, lines.join('  \n')].filter((part) => part !== '').join('\n\n');
}
