import { reasonOf } from '../../src/model/deployment';
import type { PageDeployment } from '../../src/protocol/webview/deployments';
import { make, setText } from '../dom';
import { makeIcon, type IconName } from './icons';
import { fateOfOld, formatSpan, stepsOf, type Step } from './state';
import type { Words } from './words';

const STEP_ICONS: Readonly<Record<Step['state'], IconName>> = {
  done: 'check',
  current: 'arc',
  failed: 'cross',
  stopped: 'slash',
  ahead: 'circle',
};

/**
 * Draws the stages, each with how long it took or has taken. While they are the same only the times change, so that a
 * screen reader keeps its place among them.
 */
export function drawSteps(list: HTMLElement, deployment: PageDeployment, words: Words, nowMs: number): void {
  const steps = stepsOf(deployment);
  const drawn = JSON.stringify(steps.map(({ stage, state }) => [stage, state]));
  if (list.dataset['drawn'] !== drawn) list.replaceChildren(...steps.map((step) => stepElement(step, words)));
  list.dataset['drawn'] = drawn;
  steps.forEach(({ startedAtMs, endedAtMs }, index) => {
    const span = startedAtMs === undefined ? '' : formatSpan((endedAtMs ?? nowMs) - startedAtMs);
    const element = list.children[index]?.lastElementChild;
    if (element) setText(element, span);
  });
}

function stepElement({ stage, state }: Step, words: Words): HTMLElement {
  return make('li', {
    class: `step step-${state}`,
    attributes: state === 'current' ? { 'aria-current': 'step' } : {},
    children: [
      makeIcon(STEP_ICONS[state]),
      make('span', { class: 'step-name', text: words.name(stage) }),
      make('span', { class: 'span' }),
    ],
  });
}

/** All that helps to see why it failed. */
export function failureElements(deployment: PageDeployment, words: Words): HTMLElement[] {
  const { failure } = deployment;
  const fate = fateOfOld(deployment);
  const fateElements = fate === undefined ? [] : [make('p', { class: 'fate', text: words.say(fate) })];
  const reason = reasonOf(deployment);
  const reasonElements = reason === undefined ? [] : [make('p', { class: 'reason', text: reason })];
  if (!failure) return [...reasonElements, ...fateElements];
  const marks = [
    failure.exitCode === undefined ? undefined : words.say('exitCode', failure.exitCode),
    failure.outOfMemory ? words.say('outOfMemory') : undefined,
  ].filter((text) => text !== undefined);
  return [
    make('p', { class: 'failed-in', text: words.say('failedIn', words.name(failure.stage)) }),
    ...reasonElements,
    ...(marks.length > 0 ? [make('p', { class: 'marks', text: marks.join(' · ') })] : []),
    ...fateElements,
    ...quoted(words.say('healthOutput'), failure.healthOutput),
    ...quoted(words.say('lastLines'), failure.lastLines.join('\n')),
  ];
}

function quoted(title: string, text = ''): HTMLElement[] {
  if (text.trim() === '') return [];
  const attributes = { tabindex: '0', 'aria-label': title };
  return [make('h4', { text: title }), make('pre', { class: 'quoted', role: 'region', attributes, text })];
}

/**
 * Where it came from, who started it, what it runs.
 *
 * @param originalMs when what a roll back runs again was deployed, where that is known
 */
export function factElements(
  deployment: PageDeployment,
  words: Words,
  originalMs: number | undefined,
): HTMLElement[] {
  const { startedBy, commit, imageId, rollBackTo } = deployment;
  const facts = [
    rollBackTo === undefined ? undefined : words.runsAgain(originalMs),
    startedBy === '' ? undefined : words.say('startedBy', startedBy, words.at(deployment.createdAtMs)),
    commit === undefined ? undefined : words.say('commit', commit.slice(0, 12)),
    imageId === undefined ? undefined : words.say('image', imageId.replace(/^sha256:/, '').slice(0, 12)),
  ];
  return facts.filter((text) => text !== undefined).map((text) => make('p', { class: 'fact', text }));
}
