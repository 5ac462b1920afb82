import type { DeploymentRow, DeploymentsAction } from '../../src/protocol/webview/deployments';
import { makeButton, makeProgressRing } from '../components';
import { make, setAttribute } from '../dom';
import { Card } from './card';
import { FilterBar } from './filterBar';
import type { OpenCards } from './remembered';
import {
  emptyKind,
  keyOf,
  placeOf,
  shownRows,
  type EmptyKind,
  type PageFilter,
  type PageState,
} from './state';
import type { Words } from './words';

export interface PageParts {
  readonly words: Words;
  readonly open: OpenCards;
  readonly act: (action: DeploymentsAction) => void;
  readonly toggled: (key: string) => void;
  readonly filtered: (filter: PageFilter) => void;
}

/** The whole page: those that run, and the past below. Elements stay where what they show stays. */
export class Page {
  readonly element = make('div', { class: 'deployments' });
  private readonly cards = new Map<string, Card>();
  private readonly live = make('div', {
    class: 'visually-hidden',
    role: 'status',
    attributes: { 'aria-live': 'polite' },
  });
  private readonly troubles = make('ul', { class: 'troubles' });
  private readonly filters: FilterBar;
  private readonly runningTitle: HTMLElement;
  private readonly running: HTMLElement;
  private readonly pastTitle: HTMLElement;
  private readonly past: HTMLElement;
  private readonly more: HTMLElement;
  private readonly ring: HTMLElement;
  private readonly empty = make('section', { class: 'empty' });

  constructor(private readonly parts: PageParts) {
    const { words, act, filtered } = parts;
    this.filters = new FilterBar(words, filtered);
    this.runningTitle = make('h2', { text: words.say('running') });
    this.running = list(words.say('running'));
    this.pastTitle = make('h2', { text: words.say('past') });
    this.past = list(words.say('past'));
    this.more = makeButton({ label: words.say('showMore'), onClick: () => act({ kind: 'more' }) });
    this.more.classList.add('more');
    this.ring = makeProgressRing(words.say('loading'));
    this.element.append(
      this.live,
      this.troubles,
      this.filters.element,
      this.runningTitle,
      this.running,
      this.pastTitle,
      this.past,
      this.more,
      this.ring,
      this.empty,
    );
  }

  /** Says it to screen readers. */
  say(sentences: readonly string[]): void {
    if (sentences.length > 0) this.live.textContent = sentences.join(' ');
  }

  update(state: PageState, nowMs: number): void {
    const { running, past } = shownRows(state);
    this.drawTroubles(state);
    this.filters.update(state);
    this.filters.element.hidden ||= !state.isTrusted;
    const shown = new Set<string>();
    this.drawList(this.running, running, state, { nowMs, shown });
    this.drawList(this.past, past, state, { nowMs, shown });
    for (const [key, card] of this.cards) {
      if (shown.has(key)) continue;
      card.element.remove();
      this.cards.delete(key);
    }
    this.runningTitle.hidden = running.length === 0;
    this.pastTitle.hidden = past.length === 0;
    this.more.hidden = !state.hasMore || state.isLoading;
    this.ring.hidden = !state.isLoading;
    this.drawEmpty(state, shown.size === 0 && !state.isLoading);
  }

  private drawList(
    element: HTMLElement,
    rows: readonly DeploymentRow[],
    state: PageState,
    { nowMs, shown }: { readonly nowMs: number; readonly shown: Set<string> },
  ): void {
    let next = element.firstElementChild;
    for (const row of rows) {
      const key = keyOf(placeOf(row));
      shown.add(key);
      const card = this.cards.get(key) ?? this.makeCard(key, row);
      card.update(row, state, this.parts.open.isOpen(key), nowMs);
      if (card.element === next) next = next.nextElementSibling;
      else moveBefore(element, card, next);
    }
  }

  private makeCard(key: string, row: DeploymentRow): Card {
    const { words, act, toggled } = this.parts;
    const place = placeOf(row);
    const card = new Card(row, { words, act: (kind) => act({ kind, place }), toggle: () => toggled(key) });
    this.cards.set(key, card);
    return card;
  }

  private drawTroubles({ hosts }: PageState): void {
    const texts = hosts.flatMap(({ name, trouble }) =>
      trouble === undefined ? [] : [`${name}: ${trouble}`],
    );
    this.troubles.hidden = texts.length === 0;
    const shown = [...this.troubles.children].map(({ textContent }) => textContent);
    if (texts.join('\n') === shown.join('\n')) return;
    this.troubles.replaceChildren(...texts.map((text) => make('li', { text })));
  }

  private drawEmpty(state: PageState, isEmpty: boolean): void {
    const kind = !state.isTrusted ? 'untrusted' : isEmpty ? emptyKind(state) : undefined;
    this.empty.hidden = kind === undefined;
    if (this.empty.dataset['kind'] === kind) return;
    setAttribute(this.empty, 'data-kind', kind);
    this.empty.replaceChildren(...this.emptyElements(kind));
  }

  private emptyElements(kind: EmptyKind | 'untrusted' | undefined): HTMLElement[] {
    const { words, act } = this.parts;
    const button = (text: 'deploy' | 'manageTrust'): HTMLElement =>
      makeButton({ label: words.say(text), appearance: 'primary', onClick: () => act({ kind: text }) });
    const paragraph = (text: string): HTMLElement => make('p', { text });
    switch (kind) {
      case 'untrusted':
        return [
          paragraph(words.say('untrusted')),
          paragraph(words.say('untrustedHint')),
          button('manageTrust'),
        ];
      case 'nothingYet':
        return [paragraph(words.say('nothingYet')), paragraph(words.say('nothingYetHint')), button('deploy')];
      case 'unknown':
        return [paragraph(words.say('nothingYetHint')), button('deploy')];
      case 'mayNot':
        return [paragraph(words.say('nothingYet')), paragraph(words.say('mayNot'))];
      case 'nothingMatches':
        return [paragraph(words.say('nothingMatches'))];
      case undefined:
        return [];
    }
  }
}

function list(label: string): HTMLElement {
  return make('ul', { class: 'list', attributes: { 'aria-label': label } });
}

/** A move takes the focus away from what is moved. */
function moveBefore(element: HTMLElement, card: Card, next: Element | null): void {
  const { hasFocus } = card;
  element.insertBefore(card.element, next);
  if (hasFocus) card.focus();
}
