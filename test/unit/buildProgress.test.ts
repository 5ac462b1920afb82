import assert from 'node:assert/strict';
import { BuildkitProgress } from '../../src/deploy/build/buildkitProgress';
import { ClassicLines } from '../../src/deploy/build/classicLines';

const base64 = (data: string | Buffer): string => Buffer.from(data).toString('base64');

describe('what BuildKit says', () => {
  let progress: BuildkitProgress;
  beforeEach(() => {
    progress = new BuildkitProgress();
  });

  const say = (status: unknown) => progress.take(JSON.stringify(status));
  const text = (line: string, stream = 'stdout') => ({ stream, text: line });
  const STEPS = [
    { digest: 'a', name: '[1/3] FROM docker.io/library/alpine' },
    { digest: 'b', name: '[2/3] RUN make' },
    { digest: 'c', name: '[3/3] COPY . .' },
  ];
  const log = (data: string | Buffer, stream = 1) => ({
    logs: [{ vertex: 'b', stream, data: base64(data) }],
  });

  it('is read one object a line, and indented over many as by buildx 0.13', () => {
    const status = { vertexes: [{ digest: 'b', name: '[2/3] RUN make', started: 's' }], ...log('hello\n') };
    const expected = [text('hello'), text('[2/3] RUN make')];
    assert.deepEqual(say(status).lines, expected);
    const outputs = JSON.stringify({ ...status, vertexes: [{ ...status.vertexes[0], digest: 'x' }] }, null, 2)
      .split('\n')
      .map((line) => progress.take(line));
    assert.deepEqual(
      outputs.map(({ lines }) => lines.length),
      outputs.map((_output, index) => (index === outputs.length - 1 ? 2 : 0)),
    );
    assert.deepEqual(outputs.at(-1)?.lines, expected);
    assert.deepEqual(progress.take('WARNING: words').lines, [text('WARNING: words', 'stderr')]);
  });

  it('is not repeated where it can not be read, since nothing can be taken out of it', () => {
    for (const lines of [['{"logs": [{"data": "c2VjcmV0'], ['{', '  "logs": "c2VjcmV0', '}']])
      assert.deepEqual(
        lines.flatMap((line) => progress.take(line).lines),
        [text('A message of BuildKit can not be read: it is left out.', 'stderr')],
      );
    assert.deepEqual(say(log('on\n')).lines, [text('on')]);
  });

  it('counts the steps of the Dockerfile, and nothing before them', () => {
    const load = { digest: 'i', name: '[internal] load build definition from Dockerfile', started: 's' };
    const read = say({ vertexes: [{ ...load, completed: 'c' }] });
    assert.equal(read.step?.fraction, 0);
    const meta = { digest: 'm', name: '[internal] load metadata for docker.io/library/alpine', started: 's' };
    assert.deepEqual(say({ vertexes: [meta] }).step, {
      fraction: 0,
      message: 'Load metadata for docker.io/library/alpine',
    });
    say({ vertexes: [{ ...meta, completed: 'c' }, ...STEPS] });
    const from = { ...STEPS[0], started: 's', completed: 'c', cached: true };
    const begun = say({ vertexes: [from, { ...STEPS[1], started: 's' }] });
    assert.deepEqual(begun.step, { fraction: 0.25, message: '[2/3] RUN make' });
    assert.deepEqual(begun.lines, [
      text('[1/3] FROM docker.io/library/alpine (cached)'),
      text('[2/3] RUN make'),
    ]);
    // Between two steps nothing runs: the message stays.
    const between = say({ vertexes: [{ ...STEPS[1], started: 's', completed: 'c' }] });
    assert.deepEqual(between.step, { fraction: 0.5, message: '[2/3] RUN make' });
    say({ vertexes: [{ ...STEPS[2], started: 's', completed: 'c' }] });
    const writing = say({ vertexes: [{ digest: 'e', name: 'exporting to image', started: 's' }] });
    assert.deepEqual(writing.step, { fraction: 0.75, message: 'Exporting to image' });
  });

  it('counts the steps of several stages and platforms, and names that are cut over lines', () => {
    const names = ['[base 1/2] FROM a', '[linux/amd64 final 2/2] RUN b', '[1/1] RUN <<EOF (c\nd)'];
    const all = names.map((name, index) => ({ digest: `d${index}`, name, started: 's' }));
    const output = say({ vertexes: all });
    assert.deepEqual(output.lines.at(-1), text('[1/1] RUN <<EOF (c d)'));
    assert.equal(say({ vertexes: [{ digest: 'd0', completed: 'c' }] }).step?.fraction, 0.25);
  });

  it('is put together to lines and characters, also the last of a step', () => {
    const euro = Buffer.from('€');
    assert.deepEqual(say(log('half')).lines, []);
    assert.deepEqual(say(log('other', 2)).lines, []);
    assert.deepEqual(say(log(Buffer.concat([Buffer.from(' line\n'), euro.subarray(0, 1)]))).lines, [
      text('half line'),
    ]);
    assert.deepEqual(say(log(euro.subarray(1))).lines, []);
    assert.deepEqual(say({ vertexes: [{ digest: 'b', name: 'b', completed: 'c' }] }).lines, [
      text('€'),
      text('other', 'stderr'),
    ]);
    assert.equal(say(log('x'.repeat(70_000))).lines.length, 1, 'a line without an end is cut');
  });

  it('tells why it failed, not what was ended with it', () => {
    const failure = (): string | undefined => progress.failure;
    const failed = (digest: string, error: string) =>
      say({ vertexes: [{ digest, name: digest, completed: 'c', error }] });
    failed('x', 'executor failed running [sleep 5]: exit code: 137: context canceled: context canceled');
    assert.equal(failure(), undefined);
    failed('y', 'process "/bin/sh -c exit 7" did not complete successfully: exit code: 7');
    assert.equal(
      say({ vertexes: [{ ...STEPS[0], started: 's', completed: 'c', error: 'exit code: 7' }] }).step
        ?.fraction,
      0,
      'a step that failed is not done',
    );
    failed('z', 'executor failed running [sleep 5]: exit code: 137: context canceled');
    assert.match(failure() ?? '', /exit code: 7$/);
    progress.take(
      'ERROR: failed to build: failed to solve: rpc error: code = Unknown desc = failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse error line 2: unknown instruction: RUNN',
    );
    assert.equal(failure(), 'dockerfile parse error line 2: unknown instruction: RUNN');
    progress.take(
      'ERROR: failed to solve: failed to read dockerfile: open /data/tmp/buildkit-mount578/App: no such file',
    );
    assert.equal(failure(), 'failed to read dockerfile: open App: no such file');
  });
});

describe('what the classic builder says', () => {
  it('is put together to lines, with its own words and what goes to standard error apart', () => {
    const taken: string[] = [];
    const lines = new ClassicLines((stream, line) => taken.push(`${stream} ${line}`));
    for (const text of [
      'Step 1/2 : RUN x\n',
      ' ---> Running in 1786acb55bc8\n',
      'be',
      'gun\nno end',
      '\u001b[91mcomplaint\n\u001b[0m',
      'Removing intermediate container 1786acb55bc8\n',
      'last',
    ])
      lines.push(text);
    lines.finish();
    assert.deepEqual(taken, [
      'stdout Step 1/2 : RUN x',
      'stdout  ---> Running in 1786acb55bc8',
      'stdout begun',
      'stderr complaint',
      'stdout no end',
      'stdout Removing intermediate container 1786acb55bc8',
      'stdout last',
    ]);
  });
});
