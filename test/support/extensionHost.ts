import { readdirSync, readFileSync } from 'node:fs';

/** Columns of proc(5)'s `stat`, counted from behind the command's name. */
const PARENT_COLUMN = 1;

/** The process id of the extension host of a VS Code that this process started; Linux only. */
export function extensionHostPid(): number {
  const found = readdirSync('/proc')
    .map(Number)
    .find((pid) => Number.isInteger(pid) && isExtensionHost(pid) && isDescendant(pid));
  if (found === undefined) throw new Error('There is no extension host.');
  return found;
}

function isExtensionHost(pid: number): boolean {
  return readOf(pid, 'cmdline').includes('--type=extensionHost');
}

function isDescendant(pid: number): boolean {
  let current = pid;
  while (current > 1 && current !== process.pid) {
    const text = readOf(current, 'stat');
    current = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[PARENT_COLUMN] ?? 0);
  }
  return current === process.pid;
}

/** A process may end while it is looked at. */
function readOf(pid: number, file: 'cmdline' | 'stat'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
