import { makeDropdown, type ValueControl } from '../components';
import { make } from '../dom';
import type { PageFilter, PageState } from './state';
import type { Words } from './words';

/** Stands for "all": no host and no app is called so. */
const ALL = ' ';

/** Chooses the host and the app whose deployments are shown; each only where there are several. */
export class FilterBar {
  readonly element = make('div', { class: 'filters' });
  private drawn = '';

  constructor(
    private readonly words: Words,
    private readonly choose: (filter: PageFilter) => void,
  ) {}

  update({ hosts, apps, filter }: PageState): void {
    const offeredApps = filter.app === undefined || apps.includes(filter.app) ? apps : [...apps, filter.app];
    const drawn = JSON.stringify([hosts.map(({ id, name }) => [id, name]), offeredApps, filter]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const { words } = this;
    const hostChoice = this.dropdown(
      { label: words.say('filterHost'), all: words.say('allHosts'), chosen: filter.hostId },
      hosts.map(({ id, name }) => ({ value: id, label: name })),
      (hostId) =>
        this.choose({
          ...(hostId !== undefined && { hostId }),
          ...(filter.app !== undefined && { app: filter.app }),
        }),
    );
    const appChoice = this.dropdown(
      { label: words.say('filterApp'), all: words.say('allApps'), chosen: filter.app },
      offeredApps.map((app) => ({ value: app, label: app })),
      (app) =>
        this.choose({
          ...(filter.hostId !== undefined && { hostId: filter.hostId }),
          ...(app !== undefined && { app }),
        }),
    );
    this.element.replaceChildren(
      ...[hostChoice, appChoice].flatMap((choice) => (choice ? [choice.element] : [])),
    );
    this.element.hidden = this.element.childElementCount === 0;
  }

  private dropdown(
    {
      label,
      all,
      chosen,
    }: { readonly label: string; readonly all: string; readonly chosen: string | undefined },
    options: readonly { readonly value: string; readonly label: string }[],
    onChoose: (value: string | undefined) => void,
  ): ValueControl<string | undefined> | undefined {
    if (options.length < 2 && chosen === undefined) return undefined;
    const control = makeDropdown({
      label,
      options: [{ value: ALL, label: all }, ...options],
      onChange: (value) => onChoose(value === ALL ? undefined : value),
    });
    control.set(chosen ?? ALL);
    return control;
  }
}
