import type { Frame, Locator, Page } from 'playwright-core';
import { eventually } from './eventually';
import type { VSCodePage } from './vscodePage';

const PATIENCE_MS = 30_000;
const RELOAD_PATIENCE_MS = 90_000;
/** A document that is there answers at once. */
const ANSWER_MS = 2_000;

/** A page of a panel inside VS Code: a document in a frame in a frame. It is another one each time it is shown. */
export async function panelFrame(
  { page }: Pick<VSCodePage, 'page'>,
  panel: string,
  place: 'view' | 'editor',
): Promise<Frame> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const frame = await findFrame(page, `body[data-panel="${panel}"][data-place="${place}"]`);
    if (frame) return frame;
    if (Date.now() > deadline) throw new Error(`no page of ${panel} is shown as ${place}`);
    await page.waitForTimeout(100);
  }
}

/**
 * Waits until a page of a panel shows something, whichever of its documents does: after a reload of the window VS Code may
 * load a page more than once before it stays.
 *
 * @param selector within the page's body
 */
export async function panelShows(
  { page }: Pick<VSCodePage, 'page'>,
  panel: string,
  place: 'view' | 'editor',
  selector: string,
): Promise<void> {
  const whole = `body[data-panel="${panel}"][data-place="${place}"] ${selector}`;
  const isShown = async (): Promise<boolean> => (await findFrame(page, whole)) !== undefined;
  await eventually(`${panel} as ${place} shows ${selector}`, isShown, RELOAD_PATIENCE_MS);
}

async function findFrame(page: Page, selector: string): Promise<Frame | undefined> {
  for (const frame of page.frames()) {
    // A frame may go while it is asked, or be one that is never loaded.
    const asked = frame
      .locator(selector)
      .count()
      .catch(() => 0);
    const gaveUp = new Promise<number>((resolve) => setTimeout(resolve, ANSWER_MS, 0).unref());
    if ((await Promise.race([asked, gaveUp])) > 0) return frame;
  }
  return undefined;
}

/** A container's row in the table of the metrics page. */
export function metricsRow(frame: Frame, name: string): Locator {
  return frame.locator('.body .row', { has: frame.locator(`.name-text:text-is("${name}")`) });
}
