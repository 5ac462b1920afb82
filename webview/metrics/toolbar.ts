import {
  METRIC_COLUMNS,
  type MetricColumn,
  type MetricsPreferences,
} from '../../src/protocol/webview/metrics';
import { makeButton, makeCheckbox, makeDropdown, makeTextField, type ValueControl } from '../components';
import { make, setAttribute, setText } from '../dom';
import { fill } from '../texts';
import type { PageContext } from './pageContext';
import type { Scope } from './table';

export interface ToolbarActions {
  filter(text: string): void;
  prefer(change: Partial<MetricsPreferences>): void;
  clearScope(): void;
  copyCsv(): void;
}

type SortColumn = MetricsPreferences['sort']['column'];

/** What changes how the table is shown. */
export class Toolbar {
  readonly element: HTMLElement;
  private readonly field: ValueControl<string>;
  private readonly group: ValueControl<boolean>;
  private readonly stopped: ValueControl<boolean>;
  private readonly columns = new Map<MetricColumn, ValueControl<boolean>>();
  private readonly sort: ValueControl<SortColumn | undefined>;
  private readonly direction: HTMLElement;
  private readonly scope: HTMLElement;
  private preferences: MetricsPreferences | undefined;

  constructor(
    context: PageContext,
    place: 'view' | 'editor',
    private readonly actions: ToolbarActions,
  ) {
    const { texts } = context;
    this.context = context;
    this.field = makeTextField({ label: texts.filter, onInput: (text) => actions.filter(text) });
    this.group = makeCheckbox({ label: texts.group, onChange: (isGrouped) => actions.prefer({ isGrouped }) });
    this.stopped = makeCheckbox({
      label: texts.stopped,
      onChange: (showsStopped) => actions.prefer({ showsStopped }),
    });
    for (const column of METRIC_COLUMNS)
      this.columns.set(column, makeCheckbox({ label: texts[column], onChange: () => this.chooseColumns() }));
    this.sort = makeDropdown<SortColumn>({
      label: texts.sortBy,
      options: (['name', ...METRIC_COLUMNS] as const).map((value) => ({ value, label: texts[value] })),
      onChange: (column) => actions.prefer({ sort: { column, descending: column !== 'name' } }),
    });
    this.direction = makeButton({
      label: '↓',
      description: texts.sortDirectionDown,
      onClick: () => this.turn(),
    });
    this.scope = makeButton({ label: '', onClick: () => actions.clearScope() });
    const options = this.makeOptions(context, place);
    const toggle = this.makeToggle(options, texts.options);
    this.element = make('div', {
      class: 'toolbar',
      children: [
        make('div', { class: 'bar', children: [this.field.element, toggle] }),
        make('div', { class: 'bar sorting', children: [this.sort.element, this.direction] }),
        options,
        this.scope,
      ],
    });
  }

  private readonly context: PageContext;

  private makeOptions(context: PageContext, place: 'view' | 'editor'): HTMLElement {
    const { texts } = context;
    const columns = make('fieldset', {
      children: [
        make('legend', { text: texts.columns }),
        ...[...this.columns.values()].map(({ element }) => element),
      ],
    });
    const buttons = [
      makeButton({ label: texts.copyCsv, onClick: () => this.actions.copyCsv() }),
      ...(place === 'view'
        ? [makeButton({ label: texts.openEditor, onClick: () => context.act({ kind: 'openEditor' }) })]
        : []),
    ];
    const options = make('div', {
      class: 'options',
      attributes: { id: 'options' },
      children: [
        this.group.element,
        this.stopped.element,
        columns,
        make('div', { class: 'buttons', children: buttons }),
      ],
    });
    options.hidden = true;
    return options;
  }

  private makeToggle(options: HTMLElement, label: string): HTMLElement {
    const toggle: HTMLElement = makeButton({
      label,
      onClick: () => {
        options.hidden = !options.hidden;
        setAttribute(toggle, 'aria-expanded', String(!options.hidden));
      },
    });
    setAttribute(toggle, 'aria-expanded', 'false');
    options.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      options.hidden = true;
      setAttribute(toggle, 'aria-expanded', 'false');
      toggle.focus();
    });
    return toggle;
  }

  draw(preferences: MetricsPreferences, filter: string, scope: Scope | undefined, hostName: string): void {
    const { texts } = this.context;
    this.preferences = preferences;
    if (this.field.get() !== filter) this.field.set(filter);
    this.group.set(preferences.isGrouped);
    this.stopped.set(preferences.showsStopped);
    for (const [column, control] of this.columns) control.set(preferences.columns.includes(column));
    const { column, descending } = preferences.sort;
    this.sort.set(column);
    setText(this.direction, descending ? '↓' : '↑');
    const words = descending ? texts.sortDirectionDown : texts.sortDirectionUp;
    setAttribute(this.direction, 'aria-label', words);
    setAttribute(this.direction, 'title', words);
    this.scope.hidden = scope === undefined;
    if (scope) setText(this.scope, `✕ ${fill(texts.showOnly, scope.project ?? hostName)}`);
    setAttribute(
      this.scope,
      'aria-label',
      scope ? `${fill(texts.showOnly, scope.project ?? hostName)}: ${texts.showAll}` : undefined,
    );
  }

  private chooseColumns(): void {
    const columns = METRIC_COLUMNS.filter((column) => this.columns.get(column)?.get());
    this.actions.prefer({ columns });
  }

  private turn(): void {
    if (!this.preferences) return;
    const { column, descending } = this.preferences.sort;
    this.actions.prefer({ sort: { column, descending: !descending } });
  }
}
