import { packageExtension } from '../../scripts/lib/vsix.mjs';
import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import { extensionHostPid } from '../support/extensionHost';
import { panelFrame } from '../support/panelFrame';
import { openWorkbench, type Workbench } from '../support/workbench';
import type { BenchmarkOptions, Figures } from './main';
import { PageMeter, type Measured } from './pageMeter';
import { median, rounded, slope } from './statistics';
import { UnsteadyFigures } from './unsteadyFigures';

const CONTAINERS = Number(process.env['QUAYWATCH_BENCH_CONTAINERS'] ?? 200);
const WINDOW_MS = Number(process.env['QUAYWATCH_BENCH_METRICS_MS'] ?? 10_000);
/** Of each thing beside the panel's table. */
const WINDOWS = 3;
const MS_PER_MINUTE = 60_000;
const LONG_FRAME_MS = 100;
const VIEWPORT = { width: 1400, height: 950 };

/**
 * The metrics page as an editor tab of a real VS Code, over 200 containers whose figures are others each second: what its
 * script and its extension host take, how long frames are, and whether memory grows. The peer is the same window with the
 * same containers in the tree, before the page is opened and after it is closed.
 */
export async function panelBenchmark({ minutes = 1 }: BenchmarkOptions): Promise<Figures> {
  const vsix = process.env['QUAYWATCH_VSIX'] ?? (await packageExtension()).path;
  const fake = await new FakeEngine({ personality: '29' }).listen();
  const figures = new UnsteadyFigures();
  fake.bulkRunning(CONTAINERS);
  fake.changeStats(figures.change);
  let workbench: Workbench | undefined;
  try {
    workbench = await openWorkbench({ vsix, viewport: VIEWPORT, env: { DOCKER_HOST: fake.dockerHost } });
    return await measureIn(workbench, fake, figures, minutes);
  } finally {
    await workbench?.dispose();
    await fake.dispose();
  }
}

async function measureIn(
  workbench: Workbench,
  fake: FakeEngine,
  figures: UnsteadyFigures,
  minutes: number,
): Promise<Figures> {
  const { page } = workbench;
  await page.openViewContainer('Quaywatch');
  await page.tree('Containers').waitForRow(/^bulk/);
  const meter = await PageMeter.of(workbench, extensionHostPid());
  await meter.settle(WINDOW_MS);
  const before = await meter.windows(WINDOWS, WINDOW_MS);

  await page.runCommand('Quaywatch: Open Metrics in Editor');
  const frame = await panelFrame(page, 'metrics', 'editor');
  await fake.whenOpenStreams('stats', CONTAINERS);
  await frame.locator('.cell.cpu .value', { hasText: /\d%/ }).first().waitFor();
  await meter.settle(WINDOW_MS);
  const samplesBefore = figures.sent;
  const startedMs = performance.now();
  const table = await meter.windowsFor(minutes * MS_PER_MINUTE, WINDOW_MS);
  const seconds = (performance.now() - startedMs) / 1_000;
  const samples = figures.sent - samplesBefore;

  await frame.locator('.body .row').first().click();
  await frame.locator('[data-chart=cpu] .readouts .readout', { hasText: /\d%/ }).waitFor();
  await meter.settle(WINDOW_MS);
  const charts = await meter.windows(WINDOWS, WINDOW_MS);

  await page.runCommand('View: Close All Editors');
  await fake.whenOpenStreams('stats', 0);
  await meter.settle(WINDOW_MS);
  const after = await meter.windows(WINDOWS, WINDOW_MS);
  return {
    'panel.containers': CONTAINERS,
    'panel.seconds': Math.round(seconds),
    'panel.samplesPerSecond': rounded(samples / seconds),
    ...named('panel.table', table),
    ...heapOf(table),
    ...named('panel.charts', charts),
    ...named('panel.closed', [...before, ...after]),
  };
}

function named(name: string, windows: readonly Measured[]): Figures {
  const of = (figure: (window: Measured) => number): number => rounded(median(windows.map(figure)));
  const frames = windows.flatMap(({ framesMs }) => framesMs);
  const dropped = windows.flatMap(({ droppedMs }) => droppedMs);
  return {
    [`${name}.scriptPercent`]: of(({ scriptPercent }) => scriptPercent),
    [`${name}.layoutPercent`]: of(({ layoutPercent }) => layoutPercent),
    [`${name}.windowBusyPercent`]: of(({ busyPercent }) => busyPercent),
    [`${name}.hostCorePercent`]: of(({ hostCorePercent }) => hostCorePercent),
    [`${name}.longestTaskMs`]: rounded(Math.max(...windows.map(({ longestTaskMs }) => longestTaskMs))),
    [`${name}.frames`]: frames.length,
    [`${name}.frameMedianMs`]: rounded(median(frames)),
    [`${name}.frameMaxMs`]: rounded(Math.max(0, ...frames)),
    [`${name}.framesOver100Ms`]: frames.filter((ms) => ms > LONG_FRAME_MS).length,
    [`${name}.dropped`]: dropped.length,
    [`${name}.droppedMaxMs`]: rounded(Math.max(0, ...dropped)),
    [`${name}.droppedOver100Ms`]: dropped.filter((ms) => ms > LONG_FRAME_MS).length,
  };
}

/** After a collection each time; the whole window's, whose heap the page shares. */
function heapOf(windows: readonly Measured[]): Figures {
  return {
    'panel.heap.firstMegabytes': rounded(windows[0]?.heapMegabytes ?? Number.NaN),
    'panel.heap.medianMegabytes': rounded(median(windows.map(({ heapMegabytes }) => heapMegabytes))),
    'panel.heap.lastMegabytes': rounded(windows.at(-1)?.heapMegabytes ?? Number.NaN),
    'panel.heap.megabytesPerMinute': rounded(
      slope(windows.map(({ atMs, heapMegabytes }) => [atMs / MS_PER_MINUTE, heapMegabytes])),
      3,
    ),
    'panel.nodes.first': windows[0]?.nodes ?? 0,
    'panel.nodes.last': windows.at(-1)?.nodes ?? 0,
  };
}
