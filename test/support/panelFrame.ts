import type { Frame, Locator, Page } from 'playwright-core';
import type { VSCodePage } from './vscodePage';

const PATIENCE_MS = 30_000;

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

async function findFrame(page: Page, selector: string): Promise<Frame | undefined> {
  for (const frame of page.frames()) {
    // A frame may go while it is asked.
    const found = await frame
      .locator(selector)
      .count()
      .catch(() => 0);
    if (found > 0) return frame;
  }
  return undefined;
}

/** A container's row in the table of the metrics page. */
export function metricsRow(frame: Frame, name: string): Locator {
  return frame.locator('.body .row', { has: frame.locator(`.name-text:text-is("${name}")`) });
}
