import { execFileSync } from 'node:child_process';

/** Runs Git in a folder, as somebody; what it printed. */
export function gitIn(folder: string, ...args: readonly string[]): string {
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.invalid'];
  return execFileSync('git', [...identity, ...args], { cwd: folder, encoding: 'utf8' });
}

/** Makes a folder a repository with one commit, of all that is in it. */
export function gitRepository(folder: string): string {
  gitIn(folder, 'init', '--quiet', '--initial-branch=main');
  gitIn(folder, 'add', '.');
  gitIn(folder, 'commit', '--quiet', '-m', 'One');
  return folder;
}
