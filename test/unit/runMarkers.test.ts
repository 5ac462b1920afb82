import assert from 'node:assert/strict';
import type { RunState } from '../../src/engine/docker/dockerApi';
import type { EngineEvent } from '../../src/engine/docker/engineEvent';
import { RunMarkers } from '../../src/engine/docker/runMarkers';
import type { LogLine, LogMarker } from '../../src/model/log';

const START_SECONDS = Date.parse('2026-11-21T07:38:00Z') / 1000;

const stamp = (second: number): string => `2026-11-21T07:38:${String(second).padStart(2, '0')}.000000000Z`;
const line = (second: number): LogLine => ({ timestamp: stamp(second), stream: 'stdout', text: '' });

function run(startSecond: number, over?: { exitCode: number; outOfMemory?: boolean }): RunState {
  return {
    isRunning: over === undefined,
    startedAt: stamp(startSecond),
    outOfMemory: over?.outOfMemory ?? false,
    ...(over && { exitCode: over.exitCode }),
  };
}

function event(action: string, second: number, exitCode?: number): EngineEvent {
  const attributes: Record<string, string> = exitCode === undefined ? {} : { exitCode: String(exitCode) };
  return { containerId: 'id', action, attributes, atSeconds: START_SECONDS + second };
}

function setUp(): { markers: LogMarker[]; runs: RunMarkers } {
  const markers: LogMarker[] = [];
  return { markers, runs: new RunMarkers((marker) => markers.push(marker)) };
}

describe('RunMarkers', () => {
  it('puts the marker before the first line that was written after the end', () => {
    const { markers, runs } = setUp();
    runs.takeEvent(event('die', 5, 9));
    runs.beforeLine(line(4));
    assert.deepEqual(markers, []);
    runs.beforeLine(line(6));
    assert.deepEqual(markers, [{ kind: 'restarted', exitCode: 9, outOfMemory: false }]);
    runs.beforeLine(line(7));
    runs.started(run(1), run(6));
    runs.tellDue();
    assert.equal(markers.length, 1, 'told once, by the line or by the look');
  });

  it('waits with a start of which no event told until the lines before it came', () => {
    const { markers, runs } = setUp();
    runs.started(run(1), run(6));
    assert.ok(runs.isStartDue);
    runs.beforeLine(line(5));
    assert.deepEqual(markers, []);
    runs.beforeLine(line(6));
    assert.deepEqual(markers, [{ kind: 'restarted', outOfMemory: false }]);
    runs.tellDue();
    assert.ok(!runs.isStartDue);
    assert.equal(markers.length, 1);
  });

  it('tells two starts that wait in their order', () => {
    const { markers, runs } = setUp();
    runs.takeEvent(event('die', 5, 1));
    runs.started(run(1), run(6));
    runs.takeEvent(event('die', 8, 2));
    runs.beforeLine(line(10));
    const exitCodes = markers.map((marker) => marker.kind === 'restarted' && marker.exitCode);
    assert.deepEqual(exitCodes, [1, 2]);
  });

  it('tells of a run that wrote nothing', () => {
    const { markers, runs } = setUp();
    runs.started(run(1, { exitCode: 3 }), run(6));
    runs.tellDue();
    assert.deepEqual(markers, [{ kind: 'restarted', exitCode: 3, outOfMemory: false }]);
  });

  it('knows that the memory ran out', () => {
    const { markers, runs } = setUp();
    runs.takeEvent(event('oom', 4));
    runs.takeEvent(event('die', 5, 137));
    runs.started(run(1), run(6));
    runs.tellDue();
    assert.deepEqual(markers, [{ kind: 'restarted', exitCode: 137, outOfMemory: true }]);
  });

  it('says "started" after it said "stopped", for every run anew', () => {
    const { markers, runs } = setUp();
    for (const second of [1, 11, 21]) {
      const over = run(second, { exitCode: 0 });
      assert.ok(runs.isStopNews(over));
      runs.stopped(over);
      assert.ok(!runs.isStopNews(over));
      runs.started(over, run(second + 10));
      runs.tellDue();
    }
    assert.deepEqual(
      markers.map(({ kind }) => kind),
      ['stopped', 'started', 'stopped', 'started', 'stopped', 'started'],
    );
  });

  it('does not invent an exit code for a run whose end nobody told', () => {
    const { markers, runs } = setUp();
    runs.started(run(1), run(6));
    runs.tellDue();
    assert.deepEqual(markers, [{ kind: 'restarted', outOfMemory: false }]);
  });

  it('passes over an end that is told after the next run was', () => {
    const { markers, runs } = setUp();
    runs.started(run(1), run(6));
    runs.tellDue();
    runs.takeEvent(event('die', 5, 9));
    runs.beforeLine(line(7));
    assert.equal(markers.length, 1);
  });

  it('says nothing about a container that never ran before', () => {
    const { markers, runs } = setUp();
    const created = { ...run(1, { exitCode: 0 }), startedAt: '' };
    assert.ok(!runs.isStopNews(created));
    runs.started(created, run(6));
    assert.deepEqual(markers, []);
  });
});
