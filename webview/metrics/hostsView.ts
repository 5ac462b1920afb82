import type { MachineFigures } from '../../src/protocol/webview/metrics';
import { make, setAttribute, setText } from '../dom';
import { makeButton } from '../components';
import { fill } from '../texts';
import { memoryText, percentText, rateText, timeText } from './format';
import type { PageContext } from './pageContext';
import { pathOf } from './smallLine';
import type { HostState, MetricsState } from './state';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 60;
const HEIGHT = 16;

export interface HostActions {
  open(hostId: string): void;
}

/** What the machines of the hosts do, one line each, above the table. */
export class HostsView {
  readonly element = make('div', { class: 'hosts' });
  private readonly views = new Map<string, HostView>();

  constructor(
    private readonly context: PageContext,
    private readonly actions: HostActions,
  ) {}

  draw(state: MetricsState): void {
    for (const [id, view] of this.views) {
      if (state.hosts.has(id)) continue;
      view.element.remove();
      this.views.delete(id);
    }
    for (const [id, host] of state.hosts) {
      const view = this.views.get(id) ?? new HostView(id, this.context, this.actions);
      this.views.set(id, view);
      if (!view.element.isConnected) this.element.append(view.element);
      view.draw(host);
    }
  }
}

class HostView {
  readonly element: HTMLElement;
  private readonly name: HTMLElement;
  private readonly note = make('span', { class: 'note' });
  private readonly retry: HTMLElement;
  private readonly figures = make('dl', { class: 'host-figures' });
  private readonly items = new Map<string, { readonly item: HTMLElement; readonly value: HTMLElement }>();
  private readonly path = document.createElementNS(SVG, 'path');
  private readonly processors = make('span', { class: 'processors', role: 'img' });

  constructor(
    id: string,
    private readonly context: PageContext,
    actions: HostActions,
  ) {
    this.name = make('button', { class: 'link host-name' });
    this.name.addEventListener('click', () => actions.open(id));
    this.retry = makeButton({
      label: context.texts.reconnect,
      onClick: () => context.act({ kind: 'reconnect', hostId: id }),
    });
    this.element = make('section', {
      class: 'host',
      attributes: { 'data-host': id },
      children: [
        make('div', { class: 'host-title', children: [this.name, this.note, this.retry] }),
        this.figures,
      ],
    });
  }

  draw(host: HostState): void {
    const { texts } = this.context;
    const { row, machine, images } = host;
    const isAway = row.state !== 'ready';
    setText(this.name, row.name);
    setAttribute(this.name, 'title', fill(texts.showHost, row.name));
    setAttribute(this.name, 'aria-label', fill(texts.showHost, row.name));
    setAttribute(this.element, 'aria-label', `${texts.host} ${row.name}`);
    this.element.classList.toggle('dimmed', isAway);
    setAttribute(this.element, 'data-state', row.state);
    this.retry.hidden = row.state !== 'away' && row.state !== 'disconnected';
    setText(this.note, this.noteText(host));
    this.drawMachine(host);
    const counts =
      row.running === null || row.total === null ? undefined : fill(texts.containers, row.running, row.total);
    this.set('containers', texts.containersTitle, counts);
    this.set('images', texts.images, images?.toString());
    this.figures.hidden = machine === undefined && counts === undefined;
  }

  private noteText({ row, machine, machineGap }: HostState): string {
    const { texts, language } = this.context;
    const asOf = machine && row.state !== 'ready' ? fill(texts.asOf, timeText(machine.timeMs, language)) : '';
    switch (row.state) {
      case 'connecting':
        return texts.hostConnecting;
      case 'disconnected':
        return [texts.hostDisconnected, asOf].filter(Boolean).join(' · ');
      case 'away':
        return [row.reason ?? texts.hostAway, asOf].filter(Boolean).join(' · ');
      default:
        if (!row.isMeasured) return texts.notMeasured;
        return machineGap === 'notThisMachine' ? texts.elsewhere : '';
    }
  }

  private drawMachine({ machine, newestMs, cpuLine }: HostState): void {
    const texts = machine ? machineTexts(machine, this.context.texts.ofTotal) : {};
    for (const id of ['cpu', 'load', 'memory', 'disk', 'network'] as const)
      this.set(id, this.context.texts[id], texts[id], id === 'cpu' ? 'line' : 'text');
    if (machine) setAttribute(this.path, 'd', pathOf(cpuLine.upTo(newestMs), WIDTH, HEIGHT, 5));
    this.drawProcessors(machine?.processorPercents ?? []);
    if (!machine) return;
    this.setShare('memory', machine.memoryUsedBytes, machine.memoryTotalBytes);
    this.setShare('disk', machine.diskUsedBytes, machine.diskTotalBytes);
  }

  /** A small bar for each processor. */
  private drawProcessors(percents: readonly number[]): void {
    this.processors.hidden = percents.length === 0;
    while (this.processors.childElementCount > percents.length) this.processors.lastElementChild?.remove();
    while (this.processors.childElementCount < percents.length) this.processors.append(make('i'));
    percents.forEach((percent, index) => {
      const bar = this.processors.children[index];
      if (bar instanceof HTMLElement)
        bar.style.setProperty('--share', `${Math.min(100, Math.max(0, percent))}%`);
    });
    const words = percents.map((percent) => `${Math.round(percent)}%`).join(', ');
    const label = fill(this.context.texts.processorsLabel, words);
    setAttribute(this.processors, 'aria-label', label);
    setAttribute(this.processors, 'title', label);
  }

  private set(id: string, title: string, text: string | undefined, style: 'line' | 'text' = 'text'): void {
    const known = this.items.get(id) ?? this.makeItem(id, title, style);
    known.item.hidden = text === undefined;
    if (text !== undefined) setText(known.value, text);
  }

  private makeItem(id: string, title: string, style: 'line' | 'text') {
    const value = make('span');
    const detail = make('dd', { children: [value] });
    if (style === 'line') {
      const svg = document.createElementNS(SVG, 'svg');
      svg.setAttribute('class', 'small-line');
      svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
      svg.setAttribute('preserveAspectRatio', 'none');
      svg.setAttribute('aria-hidden', 'true');
      svg.append(this.path);
      detail.prepend(svg);
      detail.append(this.processors);
    }
    const term = make('dt', { text: title });
    const item = make('div', { class: `item ${id}`, children: [term, detail] });
    this.figures.append(item);
    const view = { item, value };
    this.items.set(id, view);
    return view;
  }

  private setShare(id: string, used: number | null, total: number | null): void {
    const item = this.items.get(id)?.item;
    const share = used === null || !total ? undefined : (used / total) * 100;
    item?.classList.toggle('has-share', share !== undefined);
    item?.style.setProperty('--share', `${Math.min(100, share ?? 0).toFixed(1)}%`);
    item?.classList.toggle('over', share !== undefined && share >= 90);
  }
}

type MachineTexts = Partial<Record<'cpu' | 'load' | 'memory' | 'disk' | 'network', string | undefined>>;

function machineTexts(machine: MachineFigures, ofTotal: string): MachineTexts {
  const received = machine.networkReceivedBytesPerSecond;
  return {
    cpu: percentText(machine.cpuPercent),
    load: machine.load?.map((load) => load.toFixed(2)).join(' '),
    memory: shareText(ofTotal, machine.memoryUsedBytes, machine.memoryTotalBytes),
    disk: shareText(ofTotal, machine.diskUsedBytes, machine.diskTotalBytes),
    network:
      received === null
        ? undefined
        : `↓ ${rateText(received)} ↑ ${rateText(machine.networkSentBytesPerSecond)}`,
  };
}

function shareText(pattern: string, used: number | null, total: number | null): string | undefined {
  if (used === null) return undefined;
  return total === null ? memoryText(used) : fill(pattern, memoryText(used), memoryText(total));
}
