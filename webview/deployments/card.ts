import type {
  DeploymentPlace,
  DeploymentRow,
  DeploymentsAction,
} from '../../src/protocol/webview/deployments';
import { makeButton } from '../components';
import { make, setAttribute, setText } from '../dom';
import { factElements, failureElements, stepElements } from './details';
import { makeIcon, statusIcon } from './icons';
import { LogView } from './logView';
import { canRollBack, formatSpan, isOver, keyOf, placeOf, type PageState } from './state';
import type { Words } from './words';

type PlaceAction = (DeploymentsAction & { readonly place: DeploymentPlace })['kind'];

export interface CardParts {
  readonly words: Words;
  readonly act: (kind: PlaceAction) => void;
  readonly toggle: () => void;
}

/** One deployment: a heading that opens it, how far it is, and, while open, all there is to know. */
export class Card {
  readonly element = make('li', { class: 'card' });
  private readonly title = make('span', { class: 'app' });
  private readonly when = make('span', { class: 'when' });
  private readonly icon = make('span', { class: 'status-icon' });
  private readonly toggleButton: HTMLButtonElement;
  private readonly cancel: HTMLElement;
  private readonly state = make('p', { class: 'state' });
  private readonly source = make('p', { class: 'source' });
  private readonly bar = make('div', { class: 'bar' });
  private readonly track: HTMLElement;
  private readonly body: HTMLElement;
  private readonly steps: HTMLElement;
  private readonly failure = make('section', { class: 'failure' });
  private readonly facts = make('div', { class: 'facts' });
  private readonly actions = make('div', { class: 'actions' });
  private readonly log: LogView;
  private drawn: { row?: DeploymentRow; isOpen?: boolean; key?: string } = {};

  constructor(
    row: DeploymentRow,
    private readonly parts: CardParts,
  ) {
    const { words, act, toggle } = parts;
    const { app } = row.deployment;
    const bodyId = `body-${keyOf(placeOf(row))}`;
    this.toggleButton = make('button', {
      class: 'toggle',
      attributes: { type: 'button', 'aria-expanded': 'false', 'aria-controls': bodyId },
      children: [makeIcon('chevron'), this.icon, this.title, this.when],
    });
    this.toggleButton.addEventListener('click', toggle);
    const description = words.say('cancelOf', app);
    this.cancel = makeButton({ label: words.say('cancel'), description, onClick: () => act('cancel') });
    this.track = make('div', {
      class: 'track',
      role: 'progressbar',
      attributes: {
        'aria-valuemin': '0',
        'aria-valuemax': '100',
        'aria-label': words.say('progressOf', app),
      },
      children: [this.bar],
    });
    this.steps = make('ol', { class: 'steps', attributes: { 'aria-label': words.say('stages') } });
    this.log = new LogView(words, words.say('logOf', app));
    this.body = make('div', {
      class: 'body',
      attributes: { id: bodyId },
      children: [this.failure, this.steps, this.facts, this.actions, this.log.element],
    });
    const head = make('div', { class: 'head', children: [this.toggleButton, this.cancel] });
    this.element.append(head, this.state, this.track, this.source, this.body);
  }

  get hasFocus(): boolean {
    return this.element.contains(document.activeElement);
  }

  focus(): void {
    this.toggleButton.focus();
  }

  update(row: DeploymentRow, state: PageState, isOpen: boolean, nowMs: number): void {
    const { deployment } = row;
    const isRunning = !isOver(deployment);
    const isChanged = this.drawn.row !== row;
    if (isChanged) this.drawHead(row, state);
    if (isChanged || isRunning) this.drawTimes(row, nowMs);
    setText(this.when, isRunning ? '' : this.parts.words.ago(deployment.createdAtMs, nowMs));
    if (this.drawn.isOpen !== isOpen) {
      setAttribute(this.toggleButton, 'aria-expanded', String(isOpen));
      this.body.hidden = !isOpen;
    }
    if (isOpen) this.drawBody(row, state, isChanged || this.drawn.isOpen !== true);
    if (isOpen && (isChanged || isRunning || this.drawn.isOpen !== true))
      this.steps.replaceChildren(...stepElements(deployment, this.parts.words, nowMs));
    this.drawn = { ...this.drawn, row, isOpen };
  }

  private drawHead(row: DeploymentRow, state: PageState): void {
    const { deployment } = row;
    const { words } = this.parts;
    const isRunning = !isOver(deployment);
    const host = state.hosts.find(({ id }) => id === row.hostId);
    setAttribute(this.element, 'data-status', deployment.status);
    setAttribute(this.element, 'data-id', deployment.id);
    setText(this.title, words.nameOf(row, state));
    this.toggleButton.title = words.at(deployment.createdAtMs);
    this.icon.replaceChildren(makeIcon(statusIcon(deployment.status)));
    this.cancel.hidden = !isRunning || host?.canDeploy !== true;
    setText(this.source, deployment.sourceText);
    this.track.hidden = !isRunning;
    const progress = Math.min(100, Math.max(0, Math.round(deployment.progress)));
    setAttribute(this.track, 'aria-valuenow', String(progress));
    setAttribute(this.track, 'aria-valuetext', `${progress}%, ${words.name(deployment.stage)}`);
    // Not an attribute: the policy of the page refuses styles in markup, not those that a script sets.
    this.bar.style.transform = `scaleX(${progress / 100})`;
  }

  private drawTimes({ deployment }: DeploymentRow, nowMs: number): void {
    const { words } = this.parts;
    const { status, stage, createdAtMs, endedAtMs, progress, message, failure } = deployment;
    const span = formatSpan((endedAtMs ?? nowMs) - createdAtMs);
    const parts = isOver(deployment)
      ? [words.name(status), failure && words.name(failure.stage), span]
      : [`${Math.round(progress)}%`, words.name(stage), span, message];
    setText(this.state, parts.filter((text) => text !== undefined && text !== '').join(' · '));
  }

  private drawBody(row: DeploymentRow, state: PageState, isChanged: boolean): void {
    const { deployment } = row;
    const { words } = this.parts;
    if (isChanged) {
      this.failure.replaceChildren(...failureElements(deployment, words));
      this.failure.hidden = this.failure.childElementCount === 0;
      // What was written last tells most.
      for (const quoted of this.failure.querySelectorAll('.quoted')) quoted.scrollTop = quoted.scrollHeight;
      const timeOf = (id: string): number | undefined =>
        state.rows.get(keyOf({ hostId: row.hostId, id }))?.deployment.createdAtMs;
      this.facts.replaceChildren(...factElements(deployment, words, timeOf));
    }
    this.drawActions(row, state);
    this.log.update(state.logs.get(keyOf(placeOf(row))));
  }

  /** Made anew only where others are offered, so that the one with the focus stays. */
  private drawActions(row: DeploymentRow, state: PageState): void {
    const { deployment } = row;
    const { words, act } = this.parts;
    const canDeploy = state.hosts.find(({ id }) => id === row.hostId)?.canDeploy === true;
    const isDone = isOver(deployment);
    const again = deployment.status === 'success' ? 'again' : 'retry';
    const offered = [
      isDone && canDeploy && canRollBack(state, row) ? ('rollBackTo' as const) : undefined,
      isDone && canDeploy ? ('retry' as const) : undefined,
      isDone ? ('compare' as const) : undefined,
      'openLog' as const,
    ].filter((kind) => kind !== undefined);
    const key = `${offered.join()} ${again}`;
    if (this.drawn.key === key) return;
    this.drawn.key = key;
    this.actions.replaceChildren(
      ...offered.map((kind) => {
        const text = kind === 'retry' ? again : kind;
        const label = words.say(text);
        const description = words.say(`${text}Of`, deployment.app);
        return makeButton({ label, description, onClick: () => act(kind) });
      }),
    );
  }
}
