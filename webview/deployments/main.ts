import {
  deploymentsProtocol,
  type DeploymentsDelta,
  type DeploymentsSnapshot,
  type DeploymentsText,
} from '../../src/protocol/webview/deployments';
import type { PanelTexts } from '../../src/protocol/webview/envelope';
import { registerComponents } from '../components';
import { FrameBatch } from '../frame';
import { connectHost } from '../host';
import { Page } from './page';
import { OpenCards, readRemembered } from './remembered';
import {
  announcements,
  applyDelta,
  firstState,
  keyOf,
  placeOf,
  shownRows,
  withoutLog,
  type PageFilter,
  type PageState,
} from './state';
import { Words } from './words';

const TICK_MS = 1_000;
/** Without a deployment that runs only "5 minutes ago" changes. */
const SLOW_TICK_MS = 30_000;

/** Puts messages, state and elements together. */
class Deployments {
  private state: PageState | undefined;
  private page: Page | undefined;
  private words: Words | undefined;
  private open: OpenCards;
  private filter: PageFilter;
  private readonly followed = new Set<string>();
  private readonly frame = new FrameBatch(() => this.draw());
  private timer: number | undefined;

  private readonly host = connectHost(deploymentsProtocol, {
    snapshot: (snapshot, texts, language) => this.begin(snapshot, texts, language),
    delta: (delta) => this.take(delta),
  });

  constructor() {
    const { filter, ...open } = readRemembered(this.host.remembered());
    this.filter = filter;
    this.open = new OpenCards(open);
  }

  private begin(snapshot: DeploymentsSnapshot, texts: PanelTexts<DeploymentsText>, language: string): void {
    document.body.dataset['place'] = snapshot.place;
    const { filter } = this;
    this.state = firstState(snapshot, filter);
    this.followed.clear();
    this.words = new Words(texts, language);
    this.page = new Page({
      words: this.words,
      open: this.open,
      act: (action) => this.host.act(action),
      toggled: (key) => {
        this.open.toggle(key);
        this.remember();
        this.frame.request();
      },
      filtered: (chosen) => this.choose(chosen),
    });
    document.getElementById('page')?.replaceChildren(this.page.element);
    if (snapshot.isTrusted) this.host.act({ kind: 'filter', ...filter });
    this.frame.request();
  }

  private take(delta: DeploymentsDelta): void {
    if (!this.state) return;
    const before = this.state;
    this.state = applyDelta(before, delta);
    if (delta.kind === 'trusted') this.host.act({ kind: 'filter', ...this.filter });
    if (delta.kind === 'changed' && this.words) {
      const { state, words } = this;
      this.page?.say(announcements(before, state).map((one) => words.announcement(one, state)));
    }
    this.frame.request();
  }

  private choose(filter: PageFilter): void {
    if (!this.state) return;
    this.filter = filter;
    this.state = { ...this.state, filter, isLoading: true };
    this.host.act({ kind: 'filter', ...filter });
    this.remember();
    this.frame.request();
  }

  private draw(): void {
    if (!this.state) return;
    const { running, past } = shownRows(this.state);
    if (this.open.saw(running.map((row) => keyOf(placeOf(row))))) this.remember();
    this.followOpen([...running, ...past]);
    this.page?.update(this.state, Date.now());
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.frame.request(), running.length > 0 ? TICK_MS : SLOW_TICK_MS);
  }

  /** Logs are read of what is open, and of nothing else. */
  private followOpen(rows: readonly Parameters<typeof placeOf>[0][]): void {
    const wanted = new Set<string>();
    for (const row of rows) {
      const place = placeOf(row);
      const key = keyOf(place);
      if (!this.open.isOpen(key)) continue;
      wanted.add(key);
      if (this.followed.has(key)) continue;
      this.followed.add(key);
      this.host.act({ kind: 'follow', place });
    }
    for (const key of [...this.followed].filter((one) => !wanted.has(one))) this.unfollow(key);
  }

  private unfollow(key: string): void {
    this.followed.delete(key);
    const slash = key.indexOf('/');
    this.host.act({ kind: 'unfollow', place: { hostId: key.slice(0, slash), id: key.slice(slash + 1) } });
    if (this.state) this.state = withoutLog(this.state, key);
  }

  private remember(): void {
    this.host.remember({ filter: this.filter, ...this.open.remembered() });
  }
}

registerComponents();
new Deployments();
