import { parseArgs } from 'node:util';
import type { PersonalityName } from '../doubles/fakeEngine/fakeEngine';

export const PERSONALITY_NAMES: readonly PersonalityName[] = ['20.10', '25', '29', 'podman'];

export const USAGE = `npm run -s rig -- logs [options] [--json]
  --seed N             what is drawn from it: payloads, bursts, faults and their order (1)
  --lines N            at least so many lines, over all containers (1000000)
  --containers N       (5)
  --cuts N             connections broken off, in all the ways the fault proxy knows (200)
  --restarts N         containers restarted, stopped and started, or killed and started (20)
  --rotations N        times that rotation removes lines before the reader gets them (5)
  --engine-restarts N  (3)
  --engine NAME        real, 20.10, 25, 29, podman (fake ones), or all-fakes (real)
  --transport NAME     between reader and proxy: unix or tcp (by the seed)
  --timeout SECONDS    no new faults after it (900)
  --verbose            says each fault as it is made
  --trace FOLDER       writes there what the reader delivers, in short`;

export interface RigArguments {
  readonly seed: number;
  readonly lines: number;
  readonly containers: number;
  readonly cuts: number;
  readonly restarts: number;
  readonly rotations: number;
  readonly engineRestarts: number;
  readonly engine: 'real' | 'all-fakes' | PersonalityName;
  readonly transport: 'unix' | 'tcp';
  readonly timeoutMs: number;
  readonly isJson: boolean;
  readonly isVerbose: boolean;
  readonly traceFolder: string | undefined;
  /** The arguments that repeat the run, without the engine. */
  readonly repeat: string;
}

const NUMBERS = {
  seed: '1',
  lines: '1000000',
  containers: '5',
  cuts: '200',
  restarts: '20',
  rotations: '5',
  'engine-restarts': '3',
  timeout: '900',
} as const;
const NAMES: readonly string[] = ['real', 'all-fakes', ...PERSONALITY_NAMES];

export function readArguments(args: readonly string[]): RigArguments | { readonly complaint: string } {
  let values: Readonly<Record<string, string | boolean | undefined>>;
  let positionals: readonly string[];
  try {
    ({ values, positionals } = parse(args));
  } catch (error) {
    return { complaint: error instanceof Error ? error.message : String(error) };
  }
  const number = (name: keyof typeof NUMBERS): number => Number(values[name]);
  const names = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[];
  const bad = names.find((name) => !Number.isInteger(number(name)) || number(name) < 0);
  if (bad) return { complaint: `--${bad} wants a whole number` };
  if (positionals.length !== 1 || positionals[0] !== 'logs') return { complaint: 'There is one rig: logs' };
  const engine = String(values['engine']);
  if (!isEngineName(engine)) return { complaint: `--engine is one of ${NAMES.join(', ')}` };
  const transport = values['transport'] ?? (number('seed') % 2 === 0 ? 'tcp' : 'unix');
  if (transport !== 'unix' && transport !== 'tcp') return { complaint: '--transport is unix or tcp' };
  return {
    seed: number('seed'),
    lines: Math.max(1, number('lines')),
    containers: Math.max(1, number('containers')),
    cuts: number('cuts'),
    restarts: number('restarts'),
    rotations: number('rotations'),
    engineRestarts: number('engine-restarts'),
    engine,
    transport,
    timeoutMs: number('timeout') * 1000,
    isJson: values['json'] === true,
    isVerbose: values['verbose'] === true,
    traceFolder: values['trace'] === undefined ? undefined : String(values['trace']),
    repeat: `logs ${names.map((name) => `--${name} ${number(name)}`).join(' ')} --transport ${transport}`,
  };
}

function parse(args: readonly string[]): {
  values: Readonly<Record<string, string | boolean | undefined>>;
  positionals: readonly string[];
} {
  const numbers = Object.entries(NUMBERS).map(
    ([name, value]) => [name, { type: 'string', default: value }] as const,
  );
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...Object.fromEntries(numbers),
      engine: { type: 'string', default: 'real' },
      transport: { type: 'string' },
      trace: { type: 'string' },
      json: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
    },
  });
}

function isEngineName(text: string): text is RigArguments['engine'] {
  return NAMES.includes(text);
}
