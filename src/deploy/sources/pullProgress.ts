import type { LayerProgress } from '../../engine/deployEngine';

/** Of a layer's work, the part that is fetching it; the rest is unpacking. */
const FETCH_SHARE = 0.7;
const DONE: ReadonlySet<string> = new Set(['Pull complete', 'Already exists']);

/** Sums up how much of an image is pulled, by its layers. */
export class PullProgress {
  private readonly layers = new Map<string, number>();

  /** What part of all layers known so far is done, 0 to 1. It can go back when another layer becomes known. */
  take({ layer, status, currentBytes, totalBytes }: LayerProgress): number {
    const fraction = layerFraction(status, currentBytes, totalBytes);
    if (layer !== '' && fraction !== undefined)
      this.layers.set(layer, Math.max(fraction, this.layers.get(layer) ?? 0));
    if (this.layers.size === 0) return 0;
    const sum = [...this.layers.values()].reduce((total, part) => total + part, 0);
    return sum / this.layers.size;
  }
}

function layerFraction(
  status: string,
  current: number | undefined,
  total: number | undefined,
): number | undefined {
  const part = current === undefined || !total ? 0 : Math.min(1, current / total);
  if (DONE.has(status)) return 1;
  if (status === 'Downloading') return part * FETCH_SHARE;
  if (status === 'Download complete' || status === 'Verifying Checksum') return FETCH_SHARE;
  if (status === 'Extracting') return FETCH_SHARE + part * (1 - FETCH_SHARE);
  return status === 'Pulling fs layer' || status === 'Waiting' ? 0 : undefined;
}
