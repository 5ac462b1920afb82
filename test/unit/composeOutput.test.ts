import assert from 'node:assert/strict';
import { ComposeOutput } from '../../src/deploy/composeOutput';

describe('why Compose failed', () => {
  function failureOf(lines: readonly (readonly ['stdout' | 'stderr', string])[], exitCode = 17) {
    const output = new ComposeOutput();
    for (const [stream, text] of lines) output.take(stream, text);
    const { message, details } = output.failure('build', exitCode);
    return { message, ...details };
  }

  it("is what the builder says of the step that failed, with the step's exit code", () => {
    // The streams are two: what a step wrote may come after the reason.
    const one = failureOf([
      ['stderr', "The command '/bin/sh -c x' returned a non-zero code: 7"],
      ['stderr', "ERROR: Service 'web' failed to build : Build failed"],
      ['stdout', 'about to fail'],
    ]);
    assert.equal(
      one.message,
      "Compose could not build: The command '/bin/sh -c x' returned a non-zero code: 7",
    );
    assert.deepEqual([one.exitCode, one.lastLines?.length], [7, 3]);
    const two = failureOf([
      ['stdout', '#5 ERROR: executor failed running [x]: exit code: 3'],
      ['stderr', 'failed to solve: executor failed running [x]: exit code: 3'],
      ['stdout', '------'],
    ]);
    assert.equal(two.message, 'Compose could not build: executor failed running [x]: exit code: 3');
    assert.equal(two.exitCode, 3);
  });

  it('is else the last of its complaints, else the last that it wrote, else its exit code', () => {
    const complaint = failureOf([
      ['stderr', 'no such host'],
      ['stdout', ' web Pulling '],
    ]);
    assert.deepEqual([complaint.message, complaint.exitCode], ['Compose could not build: no such host', 17]);
    assert.equal(failureOf([['stdout', ' words ']]).message, 'Compose could not build: words');
    assert.equal(failureOf([]).message, 'Compose could not build: exit code 17');
    assert.equal(failureOf([['stderr', 'db Error refused']], 0).exitCode, undefined);
  });

  it('is told with its last twenty lines', () => {
    const { lastLines } = failureOf(
      Array.from({ length: 30 }, (_, index) => ['stdout', `${index}`] as const),
    );
    assert.deepEqual([lastLines?.length, lastLines?.at(0), lastLines?.at(-1)], [20, '10', '29']);
  });
});
