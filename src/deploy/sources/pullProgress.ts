import type { LayerProgress } from '../../engine/deployEngine';

/** Of a layer's work, the part that is fetching it; the rest is unpacking. */
const FETCH_SHARE = 0.7;
const BYTES_PER_MEGABYTE = 1_000_000;

interface LayerState {
  readonly part: number;
  readonly fetchedBytes: number;
}

/** Sums up how much of an image is pulled, by its layers. Those that the engine has already count for nothing. */
export class PullProgress {
  private readonly layers = new Map<string, LayerState>();

  /** For people: `1 of 3 layers, 12.4 MB`; empty until a layer is known that has to be pulled. */
  get text(): string {
    const layers = [...this.layers.values()];
    if (layers.length === 0) return '';
    const pulled = layers.filter(({ part }) => part === 1).length;
    const bytes = layers.reduce((total, { fetchedBytes }) => total + fetchedBytes, 0);
    const count = `${pulled} of ${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}`;
    return bytes === 0 ? count : `${count}, ${(bytes / BYTES_PER_MEGABYTE).toFixed(1)} MB`;
  }

  /** What part of all layers known so far is done, 0 to 1. It can go back when another layer becomes known. */
  take({ layer, status, currentBytes, totalBytes }: LayerProgress): number {
    const part = layerPart(status, currentBytes, totalBytes);
    if (layer !== '' && part !== undefined) {
      const before = this.layers.get(layer) ?? { part: 0, fetchedBytes: 0 };
      const fetched = status === 'Downloading' ? (currentBytes ?? 0) : 0;
      this.layers.set(layer, {
        part: Math.max(part, before.part),
        fetchedBytes: Math.max(fetched, before.fetchedBytes),
      });
    }
    if (this.layers.size === 0) return 0;
    return [...this.layers.values()].reduce((total, one) => total + one.part, 0) / this.layers.size;
  }
}

function layerPart(
  status: string,
  current: number | undefined,
  total: number | undefined,
): number | undefined {
  const part = current === undefined || !total ? 0 : Math.min(1, current / total);
  switch (status) {
    case 'Pull complete':
      return 1;
    case 'Downloading':
      return part * FETCH_SHARE;
    case 'Download complete':
    case 'Verifying Checksum':
      return FETCH_SHARE;
    case 'Extracting':
      return FETCH_SHARE + part * (1 - FETCH_SHARE);
    case 'Pulling fs layer':
    case 'Waiting':
      return 0;
    default:
      return undefined;
  }
}
