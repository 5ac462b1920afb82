import assert from 'node:assert/strict';
import { filteredLog, type FilteredLog } from '../../src/model/filteredSink';
import type { LogBatch, LogLine, LogMarker, LogPlace, LogSink } from '../../src/model/log';
import { EVERYTHING, type LogFilter } from '../../src/model/logFilter';

const RESTARTED: LogMarker = { kind: 'restarted', exitCode: 1, outOfMemory: false };
const WANTS_X: Partial<LogFilter> = { include: [{ kind: 'text', text: 'x', matchCase: true }] };

function lineOf(text: string): LogLine {
  return { timestamp: '', stream: 'stdout', text };
}

function placeAfter(ordinal: number): LogPlace {
  return {
    cursor: { containerId: 'id', timestamp: '', stream: 'stdout', ordinal, hash: 0 },
    runStartedAt: '',
    identity: { name: 'web' },
  };
}

function batchOf(texts: readonly string[], place?: LogPlace): LogBatch {
  const textLength = texts.reduce((sum, text) => sum + text.length + 1, 0);
  return { lines: texts.map(lineOf), textLength, ...(place && { place }) };
}

/** Writes down what it is handed, batch by batch: the texts joined with `+`, and `@` with the place. */
class Reader implements LogSink {
  readonly heard: string[] = [];
  /** What the next batch is answered with. */
  busy: Promise<void> | undefined;

  lines({ lines, textLength, place }: LogBatch): void | Promise<void> {
    const texts = lines.map(({ text }) => text);
    assert.equal(
      textLength,
      texts.reduce((sum, text) => sum + text.length + 1, 0),
    );
    this.heard.push(`${texts.join('+')}${place ? `@${place.cursor.ordinal}` : ''}`);
    return this.busy;
  }

  marker(marker: LogMarker): void {
    this.heard.push(marker.kind === 'notShown' ? `… ${marker.count}` : marker.kind);
  }

  ended(error?: Error): void {
    this.heard.push(`ended ${error?.message ?? ''}`.trim());
  }
}

function filtered(filter: Partial<LogFilter>): { readonly reader: Reader; readonly log: FilteredLog } {
  const reader = new Reader();
  const log = filteredLog({ ...EVERYTHING, ...filter }, reader);
  assert.ok(log.kind === 'filteredLog');
  return { reader, log };
}

describe('a filtered log', () => {
  it('is the reader itself where nothing is filtered', () => {
    const reader = new Reader();
    for (const filter of [undefined, EVERYTHING]) {
      const log = filteredLog(filter, reader);
      assert.ok(log.kind === 'filteredLog');
      assert.equal(log.sink, reader);
    }
  });

  it('is refused with a filter that makes no sense', () => {
    const filter: LogFilter = { ...EVERYTHING, include: [{ kind: 'regex', source: '(', flags: '' }] };
    const refused = filteredLog(filter, new Reader());
    assert.ok(refused.kind === 'filterError');
    assert.equal(refused.code, 'unclosedGroup');
  });

  it('hands on what passes, batch by batch', () => {
    const { reader, log } = filtered(WANTS_X);
    void log.sink.lines(batchOf(['ax', 'b', 'xc']));
    void log.sink.lines(batchOf(['d']));
    void log.sink.lines(batchOf(['x']));
    log.sink.ended(new Error('gone'));
    assert.deepEqual(reader.heard, ['ax+xc', 'x', 'ended gone']);
  });

  it('keeps the places, also of batches that nothing is left of', () => {
    const { reader, log } = filtered(WANTS_X);
    void log.sink.lines(batchOf(['ax', 'b'], placeAfter(1)));
    void log.sink.lines(batchOf(['c'], placeAfter(2)));
    assert.deepEqual(reader.heard, ['ax@1', '@2']);
  });

  it('tells how much is left out between what shows with context', () => {
    const { reader, log } = filtered({ ...WANTS_X, contextLines: 1 });
    void log.sink.lines(batchOf(['a', 'b', 'x1', 'c', 'd', 'e', 'f', 'x2', 'x3'], placeAfter(1)));
    void log.sink.lines(batchOf(['g', 'h'], placeAfter(2)));
    void log.sink.lines(batchOf(['x4'], placeAfter(3)));
    assert.deepEqual(reader.heard, ['b+x1+c', '… 2', 'f+x2+x3@1', 'g@2', 'h+x4@3']);
  });

  it('tells nothing of what is left out without context', () => {
    const { reader, log } = filtered(WANTS_X);
    void log.sink.lines(batchOf(['x', 'a', 'a', 'x']));
    assert.deepEqual(reader.heard, ['x+x']);
  });

  for (const marker of [
    RESTARTED,
    { kind: 'started' },
    { kind: 'recreated', containerId: 'new' },
    { kind: 'gap', from: '', to: '' },
  ] satisfies LogMarker[]) {
    it(`lets nothing go on with a record from before the marker ${marker.kind}`, () => {
      const { reader, log } = filtered({ minimumLevel: 'error' });
      void log.sink.lines(batchOf(['ERROR a', '  shown with it', 'INFO b', '  hidden with it']));
      log.sink.marker(marker);
      void log.sink.lines(batchOf(['  of no record']));
      assert.deepEqual(reader.heard, ['ERROR a+  shown with it', marker.kind, '  of no record']);
    });
  }

  it('lets records go on across other markers', () => {
    const { reader, log } = filtered({ minimumLevel: 'error' });
    void log.sink.lines(batchOf(['INFO b']));
    log.sink.marker({ kind: 'reconnected' });
    void log.sink.lines(batchOf(['  hidden with it']));
    assert.deepEqual(reader.heard, ['reconnected']);
  });

  it('passes on that the reader is busy, and goes on only then', async () => {
    const { reader, log } = filtered({ ...WANTS_X, contextLines: 1 });
    let free: () => void = () => undefined;
    reader.busy = new Promise((resolve) => (free = resolve));
    const taken = log.sink.lines(batchOf(['x', 'a', 'a', 'a', 'x'], placeAfter(1)));
    assert.ok(taken);
    assert.deepEqual(reader.heard, ['x+a']);
    reader.busy = undefined;
    free();
    await taken;
    assert.deepEqual(reader.heard, ['x+a', '… 1', 'a+x@1']);
  });

  it('fails with what the reader fails with', async () => {
    const { reader, log } = filtered(WANTS_X);
    reader.busy = Promise.reject(new Error('no space left'));
    await assert.rejects(async () => log.sink.lines(batchOf(['x'])), /no space left/);
  });
});

describe('a filtered log that goes on in the middle', () => {
  it('judges lines as parts of the records that the primed ones began', () => {
    const { reader, log } = filtered({ minimumLevel: 'error' });
    log.prime([lineOf('ERROR a'), lineOf('INFO b')]);
    void log.sink.lines(batchOf(['  hidden with it', 'ERROR c', '  shown with it']));
    assert.deepEqual(reader.heard, ['ERROR c+  shown with it']);
  });

  it('shows none of the primed lines, but of a record that turns out to be wanted', () => {
    const { reader, log } = filtered(WANTS_X);
    log.prime(['x before', 'head', '  more'].map(lineOf));
    void log.sink.lines(batchOf(['  x']));
    assert.deepEqual(reader.heard, ['head+  more+  x']);
  });

  it('shows nothing twice: not of what may have begun before the primed lines', () => {
    const { reader, log } = filtered(WANTS_X);
    log.prime([lineOf('  perhaps shown'), lineOf('  already')]);
    void log.sink.lines(batchOf(['  x']));
    assert.deepEqual(reader.heard, ['  x']);
  });

  it('shows no primed line as context that may have been context before', () => {
    const { reader, log } = filtered({ ...WANTS_X, contextLines: 2 });
    log.prime(['a', 'b', 'c', 'd'].map(lineOf));
    void log.sink.lines(batchOf(['x']));
    assert.deepEqual(reader.heard, ['d+x']);
  });
});
