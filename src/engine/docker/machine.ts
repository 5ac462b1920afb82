import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

/** What finding an engine needs to know of the machine, handed in so that tests need none. */
export interface Machine {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly homeDirectory: string;
  /** Absent on Windows. */
  readonly userId: number | undefined;
  /** Reads UTF-8 text; rejects as `node:fs` does. */
  readonly readFile: (filePath: string) => Promise<string>;
}

/** The machine this process runs on. */
export function thisMachine(): Machine {
  return {
    environment: process.env,
    platform: process.platform,
    homeDirectory: homedir(),
    userId: process.getuid?.(),
    readFile: (filePath) => readFile(filePath, 'utf8'),
  };
}

/** An environment variable; set to nothing counts as not set, as in the docker CLI. */
export function environmentVariable(machine: Machine, name: string): string | undefined {
  const value = machine.environment[name]?.trim();
  return value === '' ? undefined : value;
}

/** Joins paths in the manner of the machine, which is not always the one that runs the tests. */
export function joinPath(machine: Machine, ...parts: readonly string[]): string {
  return (machine.platform === 'win32' ? path.win32 : path.posix).join(...parts);
}

/** Where the docker CLI keeps its configuration. */
export function dockerConfigDirectory(machine: Machine): string {
  return environmentVariable(machine, 'DOCKER_CONFIG') ?? joinPath(machine, machine.homeDirectory, '.docker');
}
