import { readFileSync } from 'node:fs';

/** USER_HZ is 100 on every Linux. */
const TICK_MS = 10;
/** Columns of proc(5)'s `stat`, counted from behind the command's name. */
const USER_COLUMN = 11;
const SYSTEM_COLUMN = 12;

/** The processor time that a process has used, in milliseconds; Linux only. */
export function processTimeMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const columns = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(columns[USER_COLUMN]) + Number(columns[SYSTEM_COLUMN])) * TICK_MS;
}
