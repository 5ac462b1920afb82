import { readFile, rm } from 'node:fs/promises';
import * as v from 'valibot';
import { createFile, replaceFile } from '../state/atomicFile';
import { readJson } from '../state/jsonFile';
import { asStateError, StateError, systemErrorCode } from '../state/stateError';

const HELP = 'Remove it if no agent runs with this state folder';

const schema = v.object({
  pid: v.number(),
  /** Tells this process from a later one that got the same number; empty where the system has no such thing. */
  processStart: v.string(),
  version: v.string(),
  startedAt: v.string(),
  host: v.string(),
  port: v.number(),
  /** What clients meet: our own certificate, one that was given, or no TLS. */
  security: v.picklist(['own', 'given', 'plain']),
  fingerprint: v.string(),
});

/** What a serving agent tells other commands about itself, in a file of its state folder. */
export type RunningAgentInfo = Readonly<v.InferOutput<typeof schema>>;

/** The agent that serves with this state folder; `undefined` if none does. Rejects with {@link StateError}. */
export async function readRunning(path: string): Promise<RunningAgentInfo | undefined> {
  const info = await readJson(path, schema, HELP);
  return info !== undefined && (await isAlive(info)) ? info : undefined;
}

/**
 * Takes the state folder for this process: two agents that write the same journal would spoil it. Rejects with
 * {@link StateError} while another one has it; what a killed one left behind is taken over.
 */
export async function claimState(path: string, info: RunningAgentInfo): Promise<void> {
  const text = `${JSON.stringify(info, undefined, 2)}\n`;
  try {
    await createFile(path, text);
    return;
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw asStateError(path, error);
  }
  const other = await readRunning(path);
  if (other !== undefined) {
    throw new StateError(
      path,
      `an agent serves with this state folder already (process ${other.pid})`,
      'End it first',
    );
  }
  await updateRunning(path, info);
}

export async function updateRunning(path: string, info: RunningAgentInfo): Promise<void> {
  try {
    await replaceFile(path, `${JSON.stringify(info, undefined, 2)}\n`);
  } catch (error) {
    throw asStateError(path, error);
  }
}

export async function releaseState(path: string): Promise<void> {
  await rm(path, { force: true });
}

async function isAlive({ pid, processStart }: RunningAgentInfo): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    if (systemErrorCode(error) !== 'EPERM') return false;
  }
  const start = await processStartOf(pid);
  // In a container every agent has the same number, so that one left behind looks like ourselves.
  return start === '' ? pid !== process.pid : start === processStart;
}

/** On Linux the boot and the moment in it at which a process began; elsewhere empty. */
export async function processStartOf(pid: number): Promise<string> {
  try {
    const [boot, line] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ]);
    // The name in parentheses may hold spaces; the 20th field after it is the start, see proc(5).
    const afterName = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return `${boot.trim()} ${afterName[19] ?? ''}`;
  } catch {
    return '';
  }
}
