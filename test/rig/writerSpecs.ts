import type { WriterSpec } from './engines/rigEngine';

/** What an average line takes in a log file, with what the driver writes around it. */
const RECORD_BYTES = 250;
const SMALLEST_FILE_BYTES = 96 * 1024;
const SMALLEST_BURST = 200;
const LARGEST_FILE_BYTES = 1024 * 1024;
/** Of a rotating container's lines, the share that all its rotations may cost. */
const ROTATION_SHARE = 0.4;
/** A rotation takes up to three files' worth of lines: the rest of one file, and two whole ones. */
const FILES_PER_ROTATION = 3;

export interface WriterSpecOptions {
  readonly seed: number;
  readonly containers: number;
  readonly lines: number;
  readonly rotations: number;
}

/** Five kinds of containers in turn: both drivers, unbounded and rotating, and one with a terminal. */
export function writerSpecs(options: WriterSpecOptions): WriterSpec[] {
  const fileBytes = rotateAtBytes(options);
  const linesEach = options.lines / options.containers;
  const longestBurst = Math.min(2_000, Math.max(SMALLEST_BURST, Math.floor(linesEach / 50)));
  // While a burst is written, no more than a part of a file is rotated: the engine itself skips lines when its own
  // reader lags behind by more than one rotation, and tells nobody.
  const rotatingBurst = Math.min(longestBurst, Math.floor((fileBytes ?? Infinity) / RECORD_BYTES / 4));
  const kinds: readonly Pick<WriterSpec, 'driver' | 'hasTerminal' | 'rotateAtBytes'>[] = [
    { driver: 'json-file', hasTerminal: false, rotateAtBytes: fileBytes },
    { driver: 'local', hasTerminal: false, rotateAtBytes: fileBytes },
    { driver: 'json-file', hasTerminal: true, rotateAtBytes: undefined },
    { driver: 'json-file', hasTerminal: false, rotateAtBytes: undefined },
    { driver: 'local', hasTerminal: false, rotateAtBytes: undefined },
  ];
  return Array.from({ length: options.containers }, (_, index) => {
    const kind = kinds[index % kinds.length] ?? {
      driver: 'json-file',
      hasTerminal: false,
      rotateAtBytes: undefined,
    };
    const burst = kind.rotateAtBytes === undefined ? longestBurst : rotatingBurst;
    return { ...kind, name: `c${index + 1}`, seed: options.seed * 100 + index, longestBurst: burst };
  });
}

/** `undefined` where nothing is to be rotated. */
function rotateAtBytes({ lines, containers, rotations }: WriterSpecOptions): number | undefined {
  if (rotations === 0) return undefined;
  const linesOfRotations = (lines / containers) * ROTATION_SHARE;
  const perRotation = linesOfRotations / Math.max(1, Math.ceil(rotations / 2));
  const bytes = (perRotation * RECORD_BYTES) / FILES_PER_ROTATION;
  return Math.round(Math.min(LARGEST_FILE_BYTES, Math.max(SMALLEST_FILE_BYTES, bytes)));
}
