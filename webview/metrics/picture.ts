import { colour } from './chart';

const MARGIN = 16;
const TITLE_HEIGHT = 24;

/** Charts below each other on one picture, as PNG in base64. */
export function pictureOf(
  title: string,
  charts: readonly { readonly title: string; readonly canvas: HTMLCanvasElement }[],
): string {
  const scale = window.devicePixelRatio;
  const width = Math.max(...charts.map(({ canvas }) => canvas.width)) + 2 * MARGIN * scale;
  const rows = charts.reduce((sum, { canvas }) => sum + canvas.height + TITLE_HEIGHT * scale, 0);
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = rows + (2 * MARGIN + TITLE_HEIGHT) * scale;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('There is no canvas to draw on.');
  context.fillStyle = colour('--vscode-editor-background', '#fff');
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = colour('--vscode-foreground', '#000');
  context.font = `${14 * scale}px sans-serif`;
  let top = MARGIN * scale;
  context.fillText(title, MARGIN * scale, top + 12 * scale, width - 2 * MARGIN * scale);
  top += TITLE_HEIGHT * scale;
  context.font = `${12 * scale}px sans-serif`;
  for (const chart of charts) {
    context.fillText(chart.title, MARGIN * scale, top + 14 * scale);
    top += TITLE_HEIGHT * scale;
    context.drawImage(chart.canvas, MARGIN * scale, top);
    top += chart.canvas.height;
  }
  return canvas.toDataURL('image/png').replace(/^data:image\/png;base64,/, '');
}
