import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { testEngineOrSkip } from '../support/testEngine';
import { alternate, median, percentile } from './statistics';

const root = path.resolve(__dirname, '../..');

/** Runs the command as people do, with little work: what it measures is not looked at, only that it measures. */
function bench(...names: string[]): Record<string, unknown> {
  const args = ['--import', 'tsx', 'test/bench/main.ts', ...names, '--json'];
  const env = { ...process.env, QUAYWATCH_BENCH_LINES: '20000', QUAYWATCH_BENCH_ROUNDS: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

describe('the benchmarks', function () {
  this.timeout(120_000);
  before(function () {
    testEngineOrSkip(this);
  });

  it('read every line of a log, beside the docker CLI', () => {
    const figures = bench('logs');
    assert.equal(figures['logs.lines'], 20_000);
    assert.match(String(figures['logs.cli.version']), /Docker/);
    assert.ok(Number(figures['logs.local.vsCli']) > 0);
  });

  it('measure the activation beside that of a built-in extension', () => {
    const figures = bench('activation');
    assert.ok(Number(figures['activation.activateMs']) > 0);
    assert.ok(Number(figures['activation.vsEmmet']) > 0);
  });

  it('name the benchmarks there are when asked for another', () => {
    const args = ['--import', 'tsx', 'test/bench/main.ts', 'speed'];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    assert.equal(status, 2);
    assert.match(stderr, /No benchmark speed\. There are: logs, latency, memory, tree, activation/);
  });
});

describe('the statistics of benchmarks', () => {
  it('takes the middle value', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.equal(median([7]), 7);
    assert.ok(Number.isNaN(median([])));
  });

  it('takes percentiles by nearest rank', () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index);
    assert.deepEqual(
      [percentile(values, 99), percentile(values, 50), percentile(values, 100)],
      [198, 100, 200],
    );
    assert.ok(Number.isNaN(percentile([], 99)));
  });

  it('runs both in turn and does not count the first round', async () => {
    const order: string[] = [];
    const run = (name: string) => () => Promise.resolve(order.push(name));
    const { ours, peer } = await alternate(2, run('ours'), run('peer'));
    assert.deepEqual(order, ['ours', 'peer', 'ours', 'peer', 'ours', 'peer']);
    assert.deepEqual([ours.length, peer.length], [2, 2]);
  });
});
