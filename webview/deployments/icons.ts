const SVG = 'http://www.w3.org/2000/svg';

/** Strokes in a square of 16 units. They take the colour of the text. */
const SHAPES = {
  check: ['M3 8.5 6.5 12 13 4.5'],
  cross: ['M4 4 12 12', 'M12 4 4 12'],
  slash: ['M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2', 'M4 12 12 4'],
  back: ['M6 3 3 6 6 9', 'M3 6h6a4 4 0 0 1 0 8H6'],
  circle: ['M8 3a5 5 0 1 0 0 10A5 5 0 1 0 8 3'],
  arc: ['M8 2.5a5.5 5.5 0 1 1-5.5 5.5'],
  chevron: ['M6 3.5 10.5 8 6 12.5'],
  down: ['M3.5 6 8 10.5 12.5 6'],
} as const;

export type IconName = keyof typeof SHAPES;

/** A picture that screen readers pass over: what it means is said in words beside it. */
export function makeIcon(name: IconName): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', `icon icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  for (const shape of SHAPES[name]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', shape);
    svg.append(path);
  }
  return svg;
}

const STATUS_ICONS: Readonly<Record<string, IconName>> = {
  pending: 'circle',
  success: 'check',
  failed: 'cross',
  cancelled: 'slash',
  rolled_back: 'back',
};

/** That of a status; those that run, and what is not known, turn. */
export function statusIcon(status: string): IconName {
  return STATUS_ICONS[status] ?? 'arc';
}
