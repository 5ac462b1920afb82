import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Frame } from 'playwright-core';

interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string }[];
}

/**
 * What axe-core finds serious or critical in a page, in words. It is evaluated as a debugger would, which no policy of the
 * page keeps out.
 */
export async function seriousViolations(frame: Frame): Promise<string[]> {
  const source = await readFile(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');
  await frame.evaluate(source);
  // A page has no background of its own: what is behind it shows through, which axe can't know.
  await frame.evaluate(`{
    const behind = document.body.dataset.place === 'view' ? 'sideBar' : 'editor';
    document.documentElement.style.background = \`var(--vscode-\${behind}-background)\`;
  }`);
  const found = await frame.evaluate<readonly Violation[]>(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)`,
  );
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`);
}
