import type { CDPSession } from 'playwright-core';
import { processTimeMs } from '../support/processTime';
import type { Workbench } from '../support/workbench';
import { pageWork, traced } from './chromiumTrace';

/** The name that VS Code gives to the document of a webview that is shown. */
const WEBVIEW_NAME = 'active-frame';
const BYTES_PER_MEGABYTE = 1_000_000;

/** What a page of a panel, its window and its extension host did in some seconds. */
export interface Measured {
  /** When the time was over, by `performance.now()`. */
  readonly atMs: number;
  /** Of the page's own script, in percent of a second. */
  readonly scriptPercent: number;
  readonly layoutPercent: number;
  /** Of the whole window's main thread. */
  readonly busyPercent: number;
  readonly hostCorePercent: number;
  /** Of the longest task in which the page drew, in time of its thread. */
  readonly longestTaskMs: number;
  /** Each from its beginning to the screen; on a machine that is busy, with what it waited for. */
  readonly framesMs: readonly number[];
  /** Those among them that never came to the screen. */
  readonly droppedMs: readonly number[];
  /** What is kept after a garbage collection. */
  readonly heapMegabytes: number;
  readonly nodes: number;
}

interface FrameTree {
  readonly frame: { readonly id: string; readonly name?: string };
  readonly childFrames?: readonly FrameTree[];
}

/**
 * Measures in VS Code's window. Webviews of VS Code in a browser are of its own origin, so that they share its thread and
 * its heap: their script is told apart by the document that a trace names, heap and frames are the window's.
 */
export class PageMeter {
  private constructor(
    private readonly browser: CDPSession,
    private readonly page: CDPSession,
    private readonly hostPid: number,
  ) {}

  static async of({ browser, page: { page } }: Workbench, hostPid: number): Promise<PageMeter> {
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    return new PageMeter(await browser.newBrowserCDPSession(), session, hostPid);
  }

  /** What was begun is not what goes on: lets it pass. */
  async settle(durationMs: number): Promise<void> {
    await passed(durationMs / 2);
  }

  async windows(count: number, durationMs: number): Promise<readonly Measured[]> {
    const windows: Measured[] = [];
    while (windows.length < count) windows.push(await this.measure(durationMs));
    return windows;
  }

  /** One after the other until so much time is over. */
  async windowsFor(totalMs: number, durationMs: number): Promise<readonly Measured[]> {
    const endMs = performance.now() + totalMs;
    const windows: Measured[] = [];
    do windows.push(await this.measure(durationMs));
    while (performance.now() < endMs);
    return windows;
  }

  private async measure(durationMs: number): Promise<Measured> {
    const { root, webview } = await this.frames();
    let seconds = 0;
    let hostMs = 0;
    const events = await traced(this.browser, async () => {
      const startedMs = performance.now();
      const hostBeforeMs = processTimeMs(this.hostPid);
      await passed(durationMs);
      hostMs = processTimeMs(this.hostPid) - hostBeforeMs;
      seconds = (performance.now() - startedMs) / 1_000;
    });
    const { busyMs, scriptMs, layoutMs, longestTaskMs, framesMs, droppedMs } = pageWork(
      events,
      root,
      webview,
    );
    const percent = (ms: number): number => ms / 10 / seconds;
    return {
      atMs: performance.now(),
      scriptPercent: percent(scriptMs),
      layoutPercent: percent(layoutMs),
      busyPercent: percent(busyMs),
      hostCorePercent: percent(hostMs),
      longestTaskMs,
      framesMs,
      droppedMs,
      ...(await this.memory()),
    };
  }

  private async frames(): Promise<{ root: string; webview: string | undefined }> {
    const { frameTree } = await this.page.send('Page.getFrameTree');
    const webviews = all(frameTree).filter(({ name }) => name === WEBVIEW_NAME);
    if (webviews.length > 1) throw new Error(`${webviews.length} webviews are shown; one can be measured.`);
    return { root: frameTree.frame.id, webview: webviews[0]?.id };
  }

  private async memory(): Promise<Pick<Measured, 'heapMegabytes' | 'nodes'>> {
    await this.page.send('HeapProfiler.collectGarbage');
    const { usedSize } = await this.page.send('Runtime.getHeapUsage');
    const { metrics } = await this.page.send('Performance.getMetrics');
    const nodes = metrics.find(({ name }) => name === 'Nodes')?.value ?? Number.NaN;
    return { heapMegabytes: usedSize / BYTES_PER_MEGABYTE, nodes };
  }
}

function all({ frame, childFrames = [] }: FrameTree): FrameTree['frame'][] {
  return [frame, ...childFrames.flatMap(all)];
}

function passed(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
