import type {
  DeploymentPlace,
  DeploymentRow,
  DeploymentsAction,
} from '../../src/protocol/webview/deployments';
import { makeButton } from '../components';
import { make, setAttribute, setText } from '../dom';
import { drawSteps, factElements, failureElements } from './details';
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
  private readonly message = make('p', { class: 'message' });
  private readonly source = make('p', { class: 'source' });
  private readonly bar = make('div', { class: 'bar' });
  private readonly track: HTMLElement;
  private readonly body: HTMLElement;
  private readonly steps: HTMLElement;
  private readonly failure = make('section', { class: 'failure' });
  private readonly facts = make('div', { class: 'facts' });
  private readonly actions = make('div', { class: 'actions' });
  private readonly log: LogView;
  private drawn: {
    row?: DeploymentRow;
    isOpen?: boolean;
    isAway?: boolean;
    key?: string;
    originalMs?: number | undefined;
  } = {};

  constructor(
    row: DeploymentRow,
    private readonly parts: CardParts,
  ) {
    const { words, act, toggle } = parts;
    const { app, createdAtMs } = row.deployment;
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
    this.log = new LogView(words, words.say('logOf', app, words.at(createdAtMs)));
    this.body = make('div', {
      class: 'body',
      attributes: { id: bodyId },
      children: [this.failure, this.steps, this.facts, this.actions, this.log.element],
    });
    const head = make('div', { class: 'head', children: [this.toggleButton, this.cancel] });
    this.element.append(head, this.state, this.track, this.message, this.source, this.body);
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
    const isAway = isRunning && state.hosts.find(({ id }) => id === row.hostId)?.isAway === true;
    const isChanged = this.drawn.row !== row || this.drawn.isAway !== isAway;
    // The clock of what nothing is heard of stands still.
    const isTicking = isRunning && !isAway;
    if (isChanged) this.drawHead(row, state, isAway);
    if (isChanged || isTicking) this.drawTimes(row, isAway, nowMs);
    setText(this.when, isRunning ? '' : this.parts.words.ago(deployment.createdAtMs, nowMs));
    const isOtherwiseOpen = this.drawn.isOpen !== isOpen;
    if (isOtherwiseOpen) setAttribute(this.toggleButton, 'aria-expanded', String(isOpen));
    this.body.hidden = !isOpen;
    const isNew = isChanged || isOtherwiseOpen;
    if (isOpen) this.drawBody(row, state, { isNew, isTicking, nowMs });
    this.drawn = { ...this.drawn, row, isOpen, isAway };
  }

  private drawHead(row: DeploymentRow, state: PageState, isAway: boolean): void {
    const { deployment } = row;
    const { words } = this.parts;
    const isRunning = !isOver(deployment);
    const host = state.hosts.find(({ id }) => id === row.hostId);
    setAttribute(this.element, 'data-status', deployment.status);
    setAttribute(this.element, 'data-id', deployment.id);
    setAttribute(this.element, 'data-away', isAway ? 'true' : undefined);
    setText(this.title, words.nameOf(row, state));
    this.toggleButton.title = words.at(deployment.createdAtMs);
    this.icon.replaceChildren(makeIcon(statusIcon(deployment.status)));
    const canCancel = isRunning && host?.canDeploy === true;
    // What is hidden loses the focus: a person at the keyboard would begin at the top again.
    if (!canCancel && this.cancel.contains(document.activeElement)) this.focus();
    this.cancel.hidden = !canCancel;
    setText(this.source, deployment.sourceText);
    setText(this.message, isRunning ? deployment.message : '');
    this.message.title = deployment.message;
    this.message.hidden = this.message.textContent === '';
    this.track.hidden = !isRunning;
    const progress = Math.min(100, Math.max(0, Math.round(deployment.progress)));
    setAttribute(this.track, 'aria-valuenow', String(progress));
    setAttribute(this.track, 'aria-valuetext', `${progress}%, ${words.name(deployment.stage)}`);
    // Not an attribute: the policy of the page refuses styles in markup, not those that a script sets.
    this.bar.style.transform = `scaleX(${progress / 100})`;
  }

  private drawTimes({ deployment }: DeploymentRow, isAway: boolean, nowMs: number): void {
    const { words } = this.parts;
    const { status, stage, createdAtMs, endedAtMs, progress, failure } = deployment;
    const span = formatSpan((endedAtMs ?? nowMs) - createdAtMs);
    const parts = isOver(deployment)
      ? [words.name(status), failure && words.name(failure.stage), span]
      : [isAway ? words.say('outOfDate') : '', `${Math.round(progress)}%`, words.name(stage), span];
    setText(this.state, parts.filter((text) => text !== undefined && text !== '').join(' · '));
  }

  private drawBody(
    row: DeploymentRow,
    state: PageState,
    {
      isNew,
      isTicking,
      nowMs,
    }: { readonly isNew: boolean; readonly isTicking: boolean; readonly nowMs: number },
  ): void {
    const { deployment } = row;
    const { words } = this.parts;
    if (isNew || isTicking) drawSteps(this.steps, deployment, words, nowMs);
    if (isNew) {
      this.failure.replaceChildren(...failureElements(deployment, words));
      this.failure.hidden = this.failure.childElementCount === 0;
      // What was written last tells most.
      for (const quoted of this.failure.querySelectorAll('.quoted')) quoted.scrollTop = quoted.scrollHeight;
    }
    this.drawFacts(row, state, isNew);
    this.drawActions(row, state);
    this.log.update(state.logs.get(keyOf(placeOf(row))));
  }

  /** What a roll back runs again may become known later than the roll back. */
  private drawFacts({ hostId, deployment }: DeploymentRow, { rows }: PageState, isNew: boolean): void {
    const id = deployment.rollBackTo;
    const originalMs = id === undefined ? undefined : rows.get(keyOf({ hostId, id }))?.deployment.createdAtMs;
    if (!isNew && this.drawn.originalMs === originalMs) return;
    this.drawn = { ...this.drawn, originalMs };
    this.facts.replaceChildren(...factElements(deployment, this.parts.words, originalMs));
  }

  private focusedAction(): number {
    return [...this.actions.children].findIndex((button) => button.contains(document.activeElement));
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
      isDone && canDeploy && deployment.isHandedOver !== true ? ('retry' as const) : undefined,
      isDone ? ('compare' as const) : undefined,
      'openLog' as const,
    ].filter((kind) => kind !== undefined);
    const key = `${offered.join()} ${again}`;
    if (this.drawn.key === key) return;
    this.drawn.key = key;
    const focusedIndex = this.focusedAction();
    const left = this.actions.childElementCount - focusedIndex;
    const buttons = offered.map((kind) => {
      const text = kind === 'retry' ? again : kind;
      const label = words.say(text);
      const description = words.say(`${text}Of`, deployment.app, words.at(deployment.createdAtMs));
      return makeButton({ label, description, onClick: () => act(kind) });
    });
    this.actions.replaceChildren(...buttons);
    // Others are offered before those that stay, so that these are counted from the end.
    if (focusedIndex >= 0) (buttons.at(-left) ?? this.toggleButton).focus();
  }
}
