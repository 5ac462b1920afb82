import type { CDPSession } from 'playwright-core';

/** An event of a Chromium trace, as far as it is read here; times in microseconds. */
export interface TraceEvent {
  readonly name: string;
  /** `X` is complete and has a duration; `b` and `e` are the ends of one that may cross threads. */
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  /** Of the duration, what the thread really ran. */
  readonly tdur?: number;
  readonly id2?: { readonly local?: string };
  readonly args?: {
    readonly data?: { readonly frame?: string };
    readonly beginData?: { readonly frame?: string };
    readonly frame_reporter?: { readonly state?: string };
    /** Of what is no event but tells of a thread. */
    readonly name?: string;
  };
}

/** What a page's main thread did in some time, in milliseconds. */
export interface PageWork {
  /** The thread's time in tasks of any kind, of all documents in it. */
  readonly busyMs: number;
  /** What the document's own script took, with what it had Chromium do meanwhile; time of the thread. */
  readonly scriptMs: number;
  /** Styles and layout of the document. */
  readonly layoutMs: number;
  /** Of the longest task in which the document's script ran or it was laid out; time of the thread. */
  readonly longestTaskMs: number;
  /** From its beginning to the screen, for each frame of the page that had something new to show. */
  readonly framesMs: readonly number[];
  /** Those among them that never came to the screen. */
  readonly droppedMs: readonly number[];
}

const SCRIPT: ReadonlySet<string> = new Set([
  'EvaluateScript',
  'EventDispatch',
  'FireAnimationFrame',
  'FireIdleCallback',
  'FunctionCall',
  'HandlePostMessage',
  'TimerFire',
]);
const LAYOUT: ReadonlySet<string> = new Set(['Layout', 'UpdateLayoutTree']);
const MAIN_THREAD = 'CrRendererMain';
const NOTHING_NEW = 'STATE_NO_UPDATE_DESIRED';
const DROPPED = 'STATE_DROPPED';
const MICROSECONDS_PER_MS = 1_000;

/** All that the browser did while some work was under way. */
export async function traced(browser: CDPSession, work: () => Promise<void>): Promise<TraceEvent[]> {
  const events: TraceEvent[] = [];
  const collect = ({ value }: { readonly value: readonly unknown[] }): void => {
    for (const event of value) events.push(event as TraceEvent);
  };
  browser.on('Tracing.dataCollected', collect);
  try {
    await browser.send('Tracing.start', {
      transferMode: 'ReportEvents',
      traceConfig: {
        includedCategories: [
          'devtools.timeline',
          'disabled-by-default-devtools.timeline',
          'disabled-by-default-devtools.timeline.frame',
        ],
      },
    });
    await work();
    const complete = new Promise((resolve) => browser.once('Tracing.tracingComplete', resolve));
    await browser.send('Tracing.end');
    await complete;
  } finally {
    browser.off('Tracing.dataCollected', collect);
  }
  return events;
}

/**
 * @param rootFrame the window's document, in whose thread the other is
 * @param frame the document that is asked about; none while it is not there
 */
export function pageWork(
  events: readonly TraceEvent[],
  rootFrame: string,
  frame: string | undefined,
): PageWork {
  const pid = events.find((event) => frameOf(event) === rootFrame)?.pid;
  const ofProcess = events.filter((event) => event.pid === pid);
  const main = ofProcess.find(({ name, args }) => name === 'thread_name' && args?.name === MAIN_THREAD);
  const own = ofProcess.filter(({ ph, tid }) => ph === 'X' && tid === main?.tid);
  const script = outermost(own.filter(({ name }) => SCRIPT.has(name)));
  const tasks = outermost(own.filter((event) => event.name === 'RunTask' || isOf(event, frame)));
  const frames = framesOf(ofProcess.filter(({ name }) => name === 'PipelineReporter'));
  return {
    busyMs: totalMs(own.filter(({ name }) => name === 'RunTask')),
    longestTaskMs: Math.max(
      0,
      ...tasks
        .filter(({ nested }) => nested.some((event) => isOf(event, frame)))
        .map(({ outer }) => totalMs([outer])),
    ),
    scriptMs: totalMs(
      script.filter(({ nested }) => nested.some((event) => isOf(event, frame))).map(({ outer }) => outer),
    ),
    layoutMs: totalMs(own.filter((event) => LAYOUT.has(event.name) && isOf(event, frame))),
    framesMs: frames.map(({ ms }) => ms),
    droppedMs: frames.filter(({ state }) => state === DROPPED).map(({ ms }) => ms),
  };
}

function frameOf({ args }: TraceEvent): string | undefined {
  return args?.data?.frame ?? args?.beginData?.frame;
}

function isOf(event: TraceEvent, frame: string | undefined): boolean {
  return frame !== undefined && frameOf(event) === frame;
}

function totalMs(events: readonly TraceEvent[]): number {
  return events.reduce((sum, { dur = 0, tdur }) => sum + (tdur ?? dur), 0) / MICROSECONDS_PER_MS;
}

interface Nest {
  readonly outer: TraceEvent;
  /** The outer one among them. */
  readonly nested: TraceEvent[];
}

/** Events of one thread are in each other or apart. */
function outermost(events: readonly TraceEvent[]): readonly Nest[] {
  const sorted = [...events].sort((one, other) => one.ts - other.ts || (other.dur ?? 0) - (one.dur ?? 0));
  const nests: Nest[] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const event of sorted) {
    if (event.ts < end) nests.at(-1)?.nested.push(event);
    else {
      nests.push({ outer: event, nested: [event] });
      end = event.ts + (event.dur ?? 0);
    }
  }
  return nests;
}

interface Frame {
  readonly ms: number;
  readonly state: string | undefined;
}

function framesOf(events: readonly TraceEvent[]): readonly Frame[] {
  const begun = new Map<string | undefined, TraceEvent>();
  const frames: Frame[] = [];
  for (const event of events) {
    const id = event.id2?.local;
    if (event.ph === 'b') begun.set(id, event);
    const begin = begun.get(id);
    if (event.ph !== 'e' || !begin) continue;
    begun.delete(id);
    const state = begin.args?.frame_reporter?.state;
    if (state !== NOTHING_NEW) frames.push({ ms: (event.ts - begin.ts) / MICROSECONDS_PER_MS, state });
  }
  return frames;
}
