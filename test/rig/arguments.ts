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
  --agent              the reader is behind an agent, a process of its own; the faults are between the two
  --agent-kills N      times that the agent is killed and started again; only with --agent (0)
  --engine NAME        real, 20.10, 25, 29, podman (fake ones), or all-fakes (real)
  --transport NAME     between reader and proxy: unix or tcp (by the seed)
  --timeout SECONDS    no new faults after it (900)
  --verbose            says each fault as it is made
  --trace FOLDER       writes there what the reader delivers, in short

npm run -s rig -- commands [--seed N] [--cuts N] [--agent-kills N] [--engine NAME] [--json]
  commands through an agent before a fake engine, whose connection is cut and which is killed while they run

npm run -s rig -- hostile [--minutes N] [--seed N] [--half-open N] [--json]
  random frames of all kinds, and connections that are never finished, while an honest client tails a log (10, 1000)

npm run -s rig -- idle [--minutes N] [--json]
  what an agent that nobody is connected to asks its engine for (10)

npm run -s rig -- deploy [--seed N] [--kills N] [--json]
  deployments on a private engine, whose process is killed at seeded points (100) and followed by another`;

const RIGS = ['logs', 'commands', 'hostile', 'idle', 'deploy'] as const;

export interface RigArguments {
  readonly rig: (typeof RIGS)[number];
  readonly seed: number;
  readonly lines: number;
  readonly containers: number;
  readonly cuts: number;
  readonly restarts: number;
  readonly rotations: number;
  readonly engineRestarts: number;
  readonly isAgent: boolean;
  readonly agentKills: number;
  readonly kills: number;
  readonly engine: 'real' | 'all-fakes' | PersonalityName;
  readonly transport: 'unix' | 'tcp';
  readonly timeoutMs: number;
  readonly minutes: number;
  readonly halfOpen: number;
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
  'agent-kills': '0',
  kills: '100',
  timeout: '900',
  minutes: '10',
  'half-open': '1000',
} as const;
const NAMES: readonly string[] = ['real', 'all-fakes', ...PERSONALITY_NAMES];

type Values = Readonly<Record<string, string | boolean | undefined>>;

/** What is wrong with the arguments, for people. */
class Complaint extends Error {}

export function readArguments(args: readonly string[]): RigArguments | { readonly complaint: string } {
  try {
    const { values, positionals } = parse(args);
    return build(values, rigOf(positionals));
  } catch (error) {
    return { complaint: error instanceof Error ? error.message : String(error) };
  }
}

function build(values: Values, rig: RigArguments['rig']): RigArguments {
  const names = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[];
  const number = (name: keyof typeof NUMBERS): number => wholeNumber(values, name);
  const isAgent = values['agent'] === true;
  const transport = transportOf(values, isAgent || number('seed') % 2 === 0 ? 'tcp' : 'unix');
  const ofLogs = names.filter((name) => !['minutes', 'half-open', 'kills'].includes(name));
  const repeat = ofLogs.map((name) => `--${name} ${number(name)}`).join(' ');
  if (rig === 'logs' && !isAgent && number('agent-kills') > 0)
    throw new Complaint('--agent-kills wants --agent');
  return {
    rig,
    seed: number('seed'),
    lines: Math.max(1, number('lines')),
    containers: Math.max(1, number('containers')),
    cuts: number('cuts'),
    restarts: number('restarts'),
    rotations: number('rotations'),
    engineRestarts: number('engine-restarts'),
    isAgent,
    agentKills: number('agent-kills'),
    kills: number('kills'),
    engine: engineOf(values),
    transport,
    timeoutMs: number('timeout') * 1000,
    minutes: number('minutes'),
    halfOpen: number('half-open'),
    isJson: values['json'] === true,
    isVerbose: values['verbose'] === true,
    traceFolder: values['trace'] === undefined ? undefined : String(values['trace']),
    repeat: `logs ${repeat} --transport ${transport}${isAgent ? ' --agent' : ''}`,
  };
}

function wholeNumber(values: Values, name: string): number {
  const number = Number(values[name]);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new Complaint(`--${name} wants a whole number`);
}

function rigOf(positionals: readonly string[]): RigArguments['rig'] {
  const [rig] = positionals;
  const known = RIGS.find((name) => name === rig);
  if (positionals.length === 1 && known !== undefined) return known;
  throw new Complaint(`The rigs are ${RIGS.join(', ')}`);
}

function engineOf(values: Values): RigArguments['engine'] {
  const engine = String(values['engine']);
  if (isEngineName(engine)) return engine;
  throw new Complaint(`--engine is one of ${NAMES.join(', ')}`);
}

function transportOf(values: Values, usual: RigArguments['transport']): RigArguments['transport'] {
  const transport = values['transport'] ?? usual;
  if (transport === 'unix' || transport === 'tcp') return transport;
  throw new Complaint('--transport is unix or tcp');
}

function parse(args: readonly string[]): {
  values: Values;
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
      agent: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
    },
  });
}

function isEngineName(text: string): text is RigArguments['engine'] {
  return NAMES.includes(text);
}
