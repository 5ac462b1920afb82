import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { busyboxImage, testLabel } from './testEngine';

/** A container that stays, and ends at once when told to. */
const STAY = ['sh', '-c', 'trap exit TERM; while :; do sleep 1 & wait $!; done'];
const LABELS = { [testLabel]: '1' };
const RUN = { command: STAY, labels: LABELS };
const HEALTH = { stable: '1s', timeout: '30s' };
const GIT_SETTINGS = ['user.name=Test', 'user.email=test@example.com', 'init.defaultBranch=main'];

/** A Dockerfile that runs these steps on the image of tests. */
export function dockerfile(...steps: readonly string[]): string {
  return [`FROM ${busyboxImage}`, ...steps.map((step) => `RUN ${step}`), ''].join('\n');
}

/** A folder to open in VS Code, with what is to be deployed in it. */
export class DeployWorkspace {
  readonly folder = mkdtempSync(join(tmpdir(), 'quaywatch-deploy-e2e-'));
  /** Of another place than the workspace. */
  private readonly elsewhere = mkdtempSync(join(tmpdir(), 'quaywatch-repositories-'));

  write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** Writes `quaywatch.json`; each app is a source, or more of an app. */
  describeApps(apps: Readonly<Record<string, unknown>>): void {
    this.write('quaywatch.json', JSON.stringify({ apps }, undefined, 2));
  }

  /** An app that stays, for `quaywatch.json`. */
  app(source: unknown, hosts: readonly string[]): unknown {
    return { source, run: RUN, health: HEALTH, hosts };
  }

  /**
   * Makes a bare repository of what a folder holds, and returns its address.
   *
   * @param isInWorkspace in the folder that is opened, or elsewhere on this machine
   */
  bareRepository(from: string, isInWorkspace = true): string {
    const root = isInWorkspace ? join(this.folder, 'repositories') : this.elsewhere;
    const repository = join(root, `${from}.git`);
    mkdirSync(dirname(repository), { recursive: true });
    const source = join(this.folder, from);
    git(source, 'init', '--quiet');
    git(source, 'add', '.');
    git(source, 'commit', '--quiet', '--message', 'First');
    git(this.folder, 'clone', '--quiet', '--bare', source, repository);
    return `file://${repository}`;
  }

  /** Writes a Compose file with services that stay. */
  writeCompose(path: string, services: Readonly<Record<string, object>>): void {
    const command = STAY.map((word) => word.replaceAll('$', '$$$$'));
    const all = Object.entries(services).map(([name, more]) => [
      name,
      { image: busyboxImage, command, labels: LABELS, stop_grace_period: '1s', ...more },
    ]);
    this.write(path, JSON.stringify({ version: '3', services: Object.fromEntries(all) as object }));
  }

  remove(): void {
    for (const folder of [this.folder, this.elsewhere]) rmSync(folder, { recursive: true, force: true });
  }
}

function git(cwd: string, ...args: readonly string[]): void {
  const settings = GIT_SETTINGS.flatMap((setting) => ['-c', setting]);
  execFileSync('git', [...settings, ...args], { cwd, stdio: 'pipe' });
}
