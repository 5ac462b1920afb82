import { tableLines, type ChartData, type Span } from './chartData';
import type { ChartSpec } from './chartSpecs';
import { make } from '../dom';
import { fill } from '../texts';
import { dateTimeText, NOTHING } from './format';
import type { PageContext } from './pageContext';

/** Charts as a table, for whoever can't see them, or wants the numbers. */
export function chartTable(
  specs: readonly ChartSpec[],
  data: ChartData,
  span: Span,
  { texts, language }: PageContext,
  name: string,
): HTMLElement {
  const columns = specs.flatMap((spec) =>
    spec.lines.map(({ series, label }) => ({
      series,
      format: spec.format,
      title: label ? `${texts[spec.title]}, ${texts[label]}` : texts[spec.title],
    })),
  );
  const lines = tableLines(
    data,
    columns.map(({ series }) => series),
    span,
  );
  const head = make('tr', {
    children: [texts.time, ...columns.map(({ title }) => title)].map((text) =>
      make('th', { text, attributes: { scope: 'col' } }),
    ),
  });
  const body = lines.map(({ timeMs, values }) =>
    make('tr', {
      children: [
        make('th', { text: dateTimeText(timeMs, language), attributes: { scope: 'row' } }),
        ...values.map(({ mean, greatest }, index) =>
          make('td', { text: pairText(mean, greatest, columns[index]?.format ?? String) }),
        ),
      ],
    }),
  );
  const caption = fill(
    texts.asTableOf,
    name,
    dateTimeText(span.fromMs, language),
    dateTimeText(span.toMs, language),
  );
  const table = make('table', {
    children: [
      make('caption', { text: caption }),
      make('thead', { children: [head] }),
      make('tbody', { children: body }),
    ],
  });
  // It may be wider than the page; then it scrolls, and keys have to reach it.
  return make('div', {
    class: 'chart-table',
    role: 'region',
    attributes: { tabindex: '0', 'aria-label': caption },
    children: [table],
  });
}

function pairText(mean: number, greatest: number, format: (value: number) => string): string {
  if (Number.isNaN(mean)) return NOTHING;
  const text = format(mean);
  const top = format(greatest);
  return text === top ? text : `${text} (${top})`;
}
