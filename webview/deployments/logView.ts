import { MOST_LOG_LINES, type DeploymentLine } from '../../src/protocol/webview/deployments';
import { makeButton } from '../components';
import { make, setAttribute, setText } from '../dom';
import type { LogState } from './state';
import type { Words } from './words';

/** So near to the end the reader counts as being there, in pixels. */
const NEAR_END = 4;

/** The newest lines of a log. It follows the end until the reader scrolls away from it, and again when they return. */
export class LogView {
  readonly element = make('div', { class: 'log' });
  private readonly notice = make('p', { class: 'notice' });
  private readonly lines = make('div', { class: 'lines' });
  private readonly box: HTMLElement;
  private readonly follow: HTMLElement;
  private isFollowing = true;
  private seenLines = 0;

  constructor(
    private readonly words: Words,
    label: string,
  ) {
    this.box = make('div', {
      class: 'log-box',
      role: 'region',
      attributes: { tabindex: '0', 'aria-label': label },
      children: [this.notice, this.lines],
    });
    this.follow = makeButton({ label: words.say('follow'), onClick: () => this.toEnd() });
    this.follow.classList.add('follow');
    this.follow.hidden = true;
    this.box.addEventListener('scroll', () => this.scrolled());
    this.box.addEventListener('keydown', (event) => this.jump(event));
    this.element.append(this.box, this.follow);
  }

  update(log: LogState | undefined): void {
    const fresh = log === undefined ? 0 : log.seenLines - this.seenLines;
    if (!log || fresh < 0) this.empty();
    if (log) this.append(log);
    setText(this.notice, this.noticeFor(log));
    this.notice.hidden = this.notice.textContent === '';
    setAttribute(this.notice, 'data-kind', log?.failure === undefined ? undefined : 'failure');
    if (this.isFollowing) this.box.scrollTop = this.box.scrollHeight;
  }

  private append(log: LogState): void {
    const fresh = log.seenLines - this.seenLines;
    if (fresh === 0) return;
    if (fresh >= log.lines.length) this.lines.replaceChildren();
    this.lines.append(...log.lines.slice(-fresh).map(lineElement));
    while (this.lines.childElementCount > MOST_LOG_LINES) this.lines.firstElementChild?.remove();
    this.seenLines = log.seenLines;
  }

  private empty(): void {
    this.lines.replaceChildren();
    this.seenLines = 0;
  }

  private noticeFor(log: LogState | undefined): string {
    if (log?.failure !== undefined) return this.words.say('logFailed', log.failure);
    if (!log || (log.seenLines === 0 && !log.isEnded)) return this.words.say('loading');
    if (log.seenLines === 0) return this.words.say('logEmpty');
    return log.skippedLines > 0 ? this.words.say('logSkipped', this.words.count(log.skippedLines)) : '';
  }

  private scrolled(): void {
    const { scrollTop, clientHeight, scrollHeight } = this.box;
    this.isFollowing = scrollTop + clientHeight >= scrollHeight - NEAR_END;
    this.follow.hidden = this.isFollowing;
  }

  /** The browser would scroll there bit by bit, to an end that lines move on meanwhile. */
  private jump(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (event.key === 'End') this.toEnd();
    else if (event.key === 'Home') this.toBeginning();
    else return;
    event.preventDefault();
  }

  // The event that tells where it was scrolled to may come after the next lines.

  private toBeginning(): void {
    this.box.scrollTop = 0;
    this.scrolled();
  }

  private toEnd(): void {
    this.isFollowing = this.follow.hidden = true;
    this.box.scrollTop = this.box.scrollHeight;
    this.box.focus();
  }
}

function lineElement({ stream, text }: DeploymentLine): HTMLElement {
  return make('div', { class: stream === 'system' ? 'line system' : 'line', text: text === '' ? ' ' : text });
}
