/**
 * Readers that are broken on purpose, to show that the rig finds what is wrong. Each damages what a sound reader
 * delivers, once, at a line that is in the middle of a batch or of the log.
 */
import type { ContainerEngine } from '../../src/engine/engine';
import type { LogLine, LogSink } from '../../src/model/log';

/** Spoils the lines; sees every line that comes, in order, and gives those to deliver instead. */
export type Spoil = (line: LogLine, index: number) => readonly LogLine[];

/** A line in the middle of every run of the rig, however short. */
const VICTIM = 1_000;

export const dropsOne: Spoil = (line, index) => (index === VICTIM ? [] : [line]);

export const doublesOne: Spoil = (line, index) => (index === VICTIM ? [line, line] : [line]);

export const changesOne: Spoil = (line, index) =>
  index === VICTIM ? [{ ...line, text: `${line.text}.` }] : [line];

/** Hands a line on only after the next one of its stream. */
export function swapsOne(): Spoil {
  let kept: LogLine | undefined;
  return (line, index) => {
    if (index === VICTIM) {
      kept = line;
      return [];
    }
    if (kept?.stream !== line.stream) return [line];
    const late = kept;
    kept = undefined;
    return [line, late];
  };
}

export function spoiled(sink: LogSink, spoil: Spoil): LogSink {
  let index = 0;
  return {
    lines: ({ lines }) => {
      const delivered = lines.flatMap((line) => spoil(line, index++));
      const textLength = delivered.reduce((sum, { text }) => sum + text.length + 1, 0);
      return sink.lines({ lines: delivered, textLength });
    },
    marker: (marker) => sink.marker(marker),
    ended: (error) => sink.ended(error),
  };
}

/** Keeps a gap to itself. */
export function withoutGaps(sink: LogSink): LogSink {
  return {
    lines: (batch) => sink.lines(batch),
    marker: (marker) => {
      if (marker.kind !== 'gap') sink.marker(marker);
    },
    ended: (error) => sink.ended(error),
  };
}

/** After every reconnection the log is opened without a cursor, with so many of the newest lines. */
export function withoutCursor(engine: ContainerEngine, tail: number | 'all'): ContainerEngine {
  return new Proxy(engine, {
    get(target, property) {
      if (property === 'followLog') return followAnew(target, tail);
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}

function followAnew(engine: ContainerEngine, tail: number | 'all'): ContainerEngine['followLog'] {
  return (id, request, sink) => {
    const open = (from: number | 'all') =>
      engine.followLog(
        id,
        { ...request, tail: from },
        {
          lines: (batch) => sink.lines(batch),
          marker: (marker) => {
            sink.marker(marker);
            if (marker.kind !== 'reconnected') return;
            following.dispose();
            following = open(tail);
          },
          ended: (error) => sink.ended(error),
        },
      );
    let following = open(request.tail);
    return { dispose: () => following.dispose() };
  };
}
