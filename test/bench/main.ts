import { parseArgs } from 'node:util';
import { activationBenchmark } from './activation';
import { agentBenchmark } from './agent';
import { deployBenchmark } from './deploy';
import { deploymentsBenchmark } from './deployments';
import { filterBenchmark } from './filter';
import { idleBenchmark } from './idle';
import { latencyBenchmark } from './latency';
import { logsBenchmark } from './logs';
import { memoryBenchmark } from './memory';
import { metricsBenchmark } from './metrics';
import { panelBenchmark } from './panel';
import { treeBenchmark } from './tree';

/** Figures by name, such as `logs.local.vsCli`. */
export type Figures = Readonly<Record<string, number | string>>;

export interface BenchmarkOptions {
  /** How long what must not grow is watched. */
  readonly minutes?: number | undefined;
}

const BENCHMARKS: Readonly<Record<string, (options: BenchmarkOptions) => Promise<Figures>>> = {
  logs: logsBenchmark,
  latency: latencyBenchmark,
  memory: memoryBenchmark,
  idle: idleBenchmark,
  tree: treeBenchmark,
  filter: filterBenchmark,
  deploy: deployBenchmark,
  deployments: deploymentsBenchmark,
  activation: activationBenchmark,
  agent: agentBenchmark,
  metrics: metricsBenchmark,
  panel: panelBenchmark,
};

/** `npm run -s bench -- NAME… [--json]`, or `all`: figures beside those of a named peer, from the same run. */
async function main(args: readonly string[]): Promise<number> {
  const { values, positionals: names } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean' }, minutes: { type: 'string' } },
  });
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
  if (minutes !== undefined && !(minutes > 0)) {
    console.error('--minutes is a number of minutes.');
    return 2;
  }
  const chosen = names.length === 0 || names.includes('all') ? Object.keys(BENCHMARKS) : names;
  const unknown = chosen.filter((name) => !(name in BENCHMARKS));
  if (unknown.length > 0) {
    console.error(
      `No benchmark ${unknown.join(', ')}. There are: ${Object.keys(BENCHMARKS).join(', ')}, all.`,
    );
    return 2;
  }
  const figures: Record<string, number | string> = {};
  for (const name of chosen) {
    console.error(`bench: ${name}`);
    Object.assign(figures, await BENCHMARKS[name]?.({ minutes }));
  }
  if (values.json) console.log(JSON.stringify(figures));
  else for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(36)} ${value}`);
  return 0;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
