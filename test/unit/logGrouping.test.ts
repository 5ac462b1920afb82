import assert from 'node:assert/strict';
import type { LogLine, LogStream } from '../../src/model/log';
import { LineGrouper, MAX_RECORD_LENGTH, MAX_RECORD_LINES } from '../../src/model/logGrouping';

const T0 = '2026-11-21T07:38:14.000000000Z';

function line(text: string, stream: LogStream = 'stdout', timestamp = T0): LogLine {
  return { timestamp, stream, text };
}

/** Each line as `level text` where it begins a record, and as `. text` where it goes on. */
function grouped(lines: readonly (string | LogLine)[]): string[] {
  const grouper = new LineGrouper();
  return lines.map((each) => {
    const logLine = typeof each === 'string' ? line(each) : each;
    const { isHead, level } = grouper.place(logLine);
    return `${isHead ? (level ?? '?') : '.'} ${logLine.text}`;
  });
}

/** Asserts the grouping of lines that are written as {@link grouped} returns them. */
function assertGroups(expected: readonly string[]): void {
  const texts = expected.map((each) => each.slice(each.indexOf(' ') + 1));
  assert.deepEqual(grouped(texts), expected);
}

describe('LineGrouper', () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    'lines with levels': ['info INFO a', 'error ERROR b', '? plain', 'warn WARN c'],
    'a Java trace after its error': [
      'error 2026-11-21 07:38:14,123 ERROR [main] c.e.App - failed',
      '. java.lang.IllegalStateException: no session',
      '. \tat com.example.App.run(App.java:12)',
      '. \tat com.example.App.main(App.java:3)',
      '. Caused by: java.io.IOException: broken pipe',
      '. \tat com.example.Io.write(Io.java:99)',
      '. \t... 12 more',
      '. \tSuppressed: java.lang.Exception: x',
      'info 2026-11-21 07:38:15,123 INFO [main] c.e.App - goes on',
    ],
    'a Java trace without indentation': [
      'error ERROR failed',
      '. java.lang.IllegalStateException',
      '. at com.example.App.run(App.java:12)',
      '. ... 3 more',
      '? attention please',
    ],
    'an uncaught Java exception': [
      'info INFO starting',
      'error Exception in thread "main" java.lang.RuntimeException: x',
      '. \tat com.example.App.main(App.java:3)',
      'error Exception in thread "main" java.lang.RuntimeException: x',
    ],
    'a Python trace after its error': [
      'error ERROR:root:failed',
      '. Traceback (most recent call last):',
      '.   File "/app/x.py", line 3, in <module>',
      '.     main()',
      '.     ~~~~^^',
      '. ValueError: bad',
      'info INFO:root:goes on',
    ],
    'a Python trace by itself, and not as part of something harmless': [
      'info INFO:root:fine',
      'error Traceback (most recent call last):',
      '.   File "/app/x.py", line 3, in <module>',
      '. KeyboardInterrupt',
      '? bye',
    ],
    'chained Python traces': [
      'error Traceback (most recent call last):',
      '.   File "/app/x.py", line 3, in f',
      ". KeyError: 'x'",
      '. ',
      '. During handling of the above exception, another exception occurred:',
      '. ',
      '. Traceback (most recent call last):',
      '.   File "/app/x.py", line 5, in f',
      '. app.errors.Failed: y',
      'error Traceback (most recent call last):',
      '.   File "/app/x.py", line 3, in f',
      '. ValueError',
    ],
    'a Go panic': [
      'info 2026/11/21 07:38:14 INFO ok',
      'fatal panic: runtime error: index out of range [5] with length 3',
      '. ',
      '. goroutine 1 [running]:',
      '. main.run(0x1, {0xc000012345, 0x2})',
      '. \t/app/main.go:12 +0x1d',
      '. main.main()',
      '. \t/app/main.go:5 +0x2b',
      '. created by net/http.(*Server).Serve in goroutine 1',
      '. \t/usr/local/go/src/net/http/server.go:3285 +0x4b4',
      '. exit status 2',
      'info 2026/11/21 07:38:15 INFO restarted',
    ],
    'a Go signal with registers': [
      'fatal fatal error: unexpected signal during runtime execution',
      '. [signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x0]',
      '. ',
      '. goroutine 1 [running]:',
      '. rax    0x0',
    ],
    'a stack as zap writes it': [
      'error 2026-11-21T07:38:14.123Z\terror\tfailed',
      '. github.com/example/app.(*Server).run',
      '. \t/app/server.go:12',
      '. main.main',
      '. \t/app/main.go:5',
      'info 2026-11-21T07:38:14.124Z\tinfo\tok',
    ],
    'a Rust panic with its backtrace': [
      "error thread 'main' panicked at src/main.rs:5:10:",
      '. called `Option::unwrap()` on a `None` value',
      '. stack backtrace:',
      '.    0: rust_begin_unwind',
      '.              at /rustc/abc/library/std/src/panicking.rs:645:5',
      '. note: run with `RUST_BACKTRACE=full` for a verbose backtrace',
      '? next',
    ],
    '.NET': [
      'info info: Microsoft.Hosting.Lifetime[14]',
      '.       Now listening on: http://[::]:8080',
      'error fail: Microsoft.AspNetCore.Server.Kestrel[13]',
      '.       Connection id "0HN", Request id "0HN:1": An unhandled exception was thrown.',
      '.       System.InvalidOperationException: x',
      '.          at Program.Main() in /app/Program.cs:line 12',
      '.       --- End of stack trace from previous location ---',
      'error Unhandled exception. System.InvalidOperationException: x',
      '.  ---> System.Exception: inner',
      '.    at Program.Main() in /app/Program.cs:line 12',
      '. --- End of inner exception stack trace ---',
    ],
    'an uncaught error of Node': [
      'error /app/index.js:3',
      ".   throw new Error('x');",
      '.   ^',
      '. ',
      '. Error: x',
      '.     at Object.<anonymous> (/app/index.js:3:9)',
      '.     at node:internal/main/run_main_module:28:49 {',
      ".   code: 'X'",
      '. }',
      '. ',
      '. Node.js v22.1.0',
      '? other',
    ],
    'an error that console.error writes': [
      '? listening',
      'error TypeError: x is not a function',
      '.     at run (/app/index.js:3:9)',
      'error Error: second',
      '.     at run (/app/index.js:4:9)',
      'error Error: third',
    ],
    'details of PostgreSQL': [
      'error 2026-11-21 07:38:14.123 UTC [55] ERROR:  relation "x" does not exist',
      '. 2026-11-21 07:38:14.123 UTC [55] STATEMENT:  SELECT *',
      '. \tFROM x',
      'info 2026-11-21 07:38:14.123 UTC [55] LOG:  y',
    ],
    'pretty-printed objects': ['? {', '.   "a": 1', '. }', '? [', '.   1', '. ],', '? next'],
    'heads that are indented': [
      'info     2026/11/21 07:38:14 [INFO] raft: a',
      'warn     2026/11/21 07:38:14 [WARN] raft: b',
    ],
    'a stack of which only the end is read': [
      '? \tat com.example.App.run(App.java:12)',
      '. \t... 2 more',
      'info INFO x',
    ],
    'blank lines': ['? ', '. ', 'info INFO a', '. ', 'info INFO b'],
  };
  for (const [name, lines] of Object.entries(cases)) {
    it(`groups ${name}`, () => assertGroups(lines));
  }

  it('gives every line of a record the level of its head', () => {
    const grouper = new LineGrouper();
    const levels = ['ERROR a', 'java.lang.Error: x', '\tat x', 'INFO b', '  c'].map(
      (text) => grouper.place(line(text)).level,
    );
    assert.deepEqual(levels, ['error', 'error', 'error', 'info', 'info']);
  });

  it('keeps the streams apart', () => {
    assert.deepEqual(
      grouped([
        line('ERROR failed', 'stderr'),
        line('INFO fine', 'stdout'),
        line('\tat x.y(Z.java:1)', 'stderr'),
        line('  indented', 'stdout'),
      ]),
      ['error ERROR failed', 'info INFO fine', '. \tat x.y(Z.java:1)', '.   indented'],
    );
    const grouper = new LineGrouper();
    grouper.place(line('ERROR failed', 'stderr'));
    grouper.place(line('INFO fine', 'stdout'));
    assert.equal(grouper.place(line('\tat x', 'stderr')).level, 'error');
    assert.equal(grouper.place(line('\tat x', 'stdout')).level, 'info');
  });

  it('takes a trace for an error of its own when it comes later than the error before', () => {
    const later = '2026-11-21T07:38:16.000000000Z';
    assert.deepEqual(grouped(['WARN slow', line('java.lang.Error: x', 'stdout', later)]), [
      'warn WARN slow',
      'error java.lang.Error: x',
    ]);
    assert.deepEqual(grouped([line('WARN slow', 'stdout', ''), line('java.lang.Error: x', 'stdout', '')]), [
      'warn WARN slow',
      '. java.lang.Error: x',
    ]);
  });

  it('joins one trace to an error, not two', () => {
    assertGroups(['error ERROR failed', '. TypeError: a', '.     at x (y.js:1:2)', 'error TypeError: b']);
  });

  it('begins anew after a restart', () => {
    const grouper = new LineGrouper();
    grouper.place(line('ERROR a'));
    grouper.reset();
    assert.deepEqual(grouper.place(line('  b')), { isHead: true, level: undefined });
  });

  it('splits a record that grows too long, and keeps its level', () => {
    const grouper = new LineGrouper();
    const heads: number[] = [];
    for (let index = 0; index < MAX_RECORD_LINES * 2 + 5; index++) {
      const place = grouper.place(line(index === 0 ? 'ERROR a' : '\tat x'));
      if (place.isHead) heads.push(index);
      assert.equal(place.level, 'error');
    }
    assert.deepEqual(heads, [0, MAX_RECORD_LINES, MAX_RECORD_LINES * 2]);
  });

  it('splits a record that grows too large', () => {
    const grouper = new LineGrouper();
    const large = ` ${'x'.repeat(MAX_RECORD_LENGTH / 4)}`;
    const heads = ['ERROR a', large, large, large, large, large].map(
      (text) => grouper.place(line(text)).isHead,
    );
    assert.deepEqual(heads, [true, false, false, false, true, false]);
  });
});
