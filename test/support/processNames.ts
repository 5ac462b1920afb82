import { readdirSync, readFileSync } from 'node:fs';

/** Whether a process of this machine, in whichever container, was started with these words. Linux. */
export function isRunning(...command: readonly string[]): boolean {
  const wanted = `${command.join('\0')}\0`;
  return readdirSync('/proc').some((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readFileSync(`/proc/${entry}/cmdline`, 'utf8') === wanted;
    } catch {
      return false;
    }
  });
}
