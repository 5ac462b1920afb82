import { stat } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { DEPLOY_FILE_NAME, isAppName, readApp } from '../../model/deployFile';
import { hasForm, type FormName } from '../../model/deployFileForms';
import { formInWords, problemInWords } from '../../model/deployFileProblems';
import type { Dialogs, Judgement } from '../pairing/dialogs';
import { DeployRefusedError } from './deployError';
import {
  choiceOf,
  problemsInWords,
  readDeployFile,
  readDeployFiles,
  type DeployChoice,
  type ReadFile,
} from './deployFiles';

const COMPOSE_FILE = /^(?:docker-)?compose(?:\.[\w-]+)?\.ya?ml$/i;
const DOCKERFILE = /(?:^|[.])dockerfile$|^dockerfile(?:\.|$)/i;

type Json = Readonly<Record<string, unknown>>;

interface Item extends vscode.QuickPickItem {
  readonly take?: () => Promise<DeployChoice | undefined>;
}

/** Asks what to deploy, and the few things that are not known of it. */
export class AppQuestions {
  constructor(private readonly dialogs: () => Dialogs) {}

  /** The apps of the workspace, and all else that can be deployed. */
  async fromWorkspace(): Promise<DeployChoice | undefined> {
    const files = await readDeployFiles();
    const apps = files.flatMap((file) => this.appItems(file));
    const separator: Item = {
      label: vscode.l10n.t('Something else'),
      kind: vscode.QuickPickItemKind.Separator,
    };
    const items: Item[] = [...apps, ...(apps.length > 0 ? [separator] : []), ...this.otherItems()];
    const title = vscode.l10n.t('Deploy');
    const chosen = await this.dialogs().pick(items, { title, placeHolder: vscode.l10n.t('What to deploy?') });
    return chosen?.take?.();
  }

  /** Of a file or folder in the Explorer. */
  async fromUri(uri: vscode.Uri): Promise<DeployChoice | undefined> {
    if (uri.scheme !== 'file')
      throw new DeployRefusedError(vscode.l10n.t('Only files and folders of this machine can be deployed.'));
    const name = path.basename(uri.fsPath);
    if (name === DEPLOY_FILE_NAME) return this.fromFile(uri);
    const folder = path.dirname(uri.fsPath);
    if (COMPOSE_FILE.test(name)) return this.compose(folder, [name]);
    if (DOCKERFILE.test(name)) return this.folder(folder, name);
    return this.fromFolder(uri.fsPath);
  }

  private appItems(file: ReadFile): Item[] {
    const place = vscode.workspace.asRelativePath(file.uri);
    const apps = file.apps.map((app): Item => ({
      label: app.name,
      description: app.hosts.length > 0 ? `${place} · ${app.hosts.join(', ')}` : place,
      iconPath: new vscode.ThemeIcon('package'),
      take: () => Promise.resolve(choiceOf(app, file.uri)),
    }));
    if (file.problems.length === 0) return apps;
    const problem: Item = {
      label: vscode.l10n.t('{0} has errors', place),
      description: vscode.l10n.t('open it'),
      iconPath: new vscode.ThemeIcon('warning'),
      take: () => Promise.reject(new DeployRefusedError(problemsInWords(file), file.uri.fsPath)),
    };
    return [...apps, problem];
  }

  private otherItems(): Item[] {
    const item = (label: string, icon: string, take: NonNullable<Item['take']>): Item => ({
      label,
      iconPath: new vscode.ThemeIcon(icon),
      take,
    });
    return [
      item(vscode.l10n.t('A Folder with a Dockerfile…'), 'folder', () => this.openDialog({ isFolder: true })),
      item(vscode.l10n.t('A Git Repository…'), 'repo', () => this.git()),
      item(vscode.l10n.t('An Image…'), 'file-binary', () => this.image()),
      item(vscode.l10n.t('A Compose File…'), 'layers', () => this.openDialog({ isFolder: false })),
    ];
  }

  private async openDialog({ isFolder }: { readonly isFolder: boolean }): Promise<DeployChoice | undefined> {
    const [uri] =
      (await vscode.window.showOpenDialog({
        canSelectFiles: !isFolder,
        canSelectFolders: isFolder,
        openLabel: vscode.l10n.t('Deploy'),
        ...(isFolder ? {} : { filters: { Compose: ['yaml', 'yml'] } }),
      })) ?? [];
    if (!uri) return undefined;
    return isFolder
      ? this.fromFolder(uri.fsPath)
      : this.compose(path.dirname(uri.fsPath), [path.basename(uri.fsPath)]);
  }

  private async fromFile(uri: vscode.Uri): Promise<DeployChoice | undefined> {
    const file = await readDeployFile(uri);
    const [first] = file.apps;
    if (!first) throw new DeployRefusedError(problemsInWords(file), uri.fsPath);
    if (file.apps.length === 1 && file.problems.length === 0) return choiceOf(first, uri);
    const options = { title: vscode.l10n.t('Deploy'), placeHolder: vscode.l10n.t('Which app?') };
    return (await this.dialogs().pick(this.appItems(file), options))?.take?.();
  }

  private async fromFolder(folder: string): Promise<DeployChoice | undefined> {
    const compose = await firstFile(folder, [
      'compose.yaml',
      'compose.yml',
      'docker-compose.yaml',
      'docker-compose.yml',
    ]);
    const dockerfile = await firstFile(folder, ['Dockerfile', 'dockerfile']);
    if (compose === undefined && dockerfile === undefined)
      throw new DeployRefusedError(
        vscode.l10n.t('There is neither a Dockerfile nor a Compose file in {0}.', folder),
      );
    if (compose === undefined) return this.folder(folder, dockerfile);
    if (dockerfile === undefined) return this.compose(folder, [compose]);
    const items: Item[] = [
      { label: compose, take: () => this.compose(folder, [compose]) },
      { label: dockerfile, take: () => this.folder(folder, dockerfile) },
    ];
    const options = { title: vscode.l10n.t('Deploy'), placeHolder: vscode.l10n.t('Deploy by which file?') };
    return (await this.dialogs().pick(items, options))?.take?.();
  }

  private async folder(folder: string, dockerfile: string | undefined): Promise<DeployChoice | undefined> {
    const base = baseOf(folder);
    const build = dockerfile === undefined || dockerfile === 'Dockerfile' ? {} : { build: { dockerfile } };
    return this.finish(
      path.basename(folder),
      { source: { folder: relativeTo(base, folder) }, ...build },
      base,
    );
  }

  private async compose(folder: string, files: readonly string[]): Promise<DeployChoice | undefined> {
    const base = baseOf(folder);
    const name = await this.askName(path.basename(folder));
    if (name === undefined) return undefined;
    return made(name, { source: { compose: files, folder: relativeTo(base, folder) } }, base);
  }

  private async git(): Promise<DeployChoice | undefined> {
    const repository = await this.dialogs().input({
      title: vscode.l10n.t('Deploy a Git Repository'),
      prompt: vscode.l10n.t('The repository, as Git takes it'),
      placeHolder: 'https://example.com/team/web.git',
      judge: judgeForm('repository'),
    });
    if (repository === undefined) return undefined;
    const ref = await this.dialogs().input({
      title: vscode.l10n.t('Deploy a Git Repository'),
      prompt: vscode.l10n.t('Branch, tag or commit; empty for the default branch'),
      mayBeEmpty: true,
      judge: judgeForm('ref'),
    });
    if (ref === undefined) return undefined;
    const name = path.posix.basename(repository.replace(/[/\\:]+$/, '')).replace(/\.git$/, '');
    return this.finish(name, { source: { git: repository, ...(ref !== '' && { ref }) } }, firstFolder());
  }

  private async image(): Promise<DeployChoice | undefined> {
    const image = await this.dialogs().input({
      title: vscode.l10n.t('Deploy an Image'),
      prompt: vscode.l10n.t('The image, as “docker run” takes it'),
      placeHolder: 'nginx:1.27',
      judge: judgeForm('image'),
    });
    if (image === undefined) return undefined;
    const name = path.posix.basename(image).replace(/[:@].*$/, '');
    return this.finish(name, { source: { image, pull: 'missing' } }, firstFolder());
  }

  /** Asks for name and ports, which nothing else tells. */
  private async finish(
    suggested: string,
    description: Json,
    base: string | undefined,
  ): Promise<DeployChoice | undefined> {
    const name = await this.askName(suggested);
    if (name === undefined) return undefined;
    const ports = await this.dialogs().input({
      title: vscode.l10n.t('Deploy {0}', name),
      prompt: vscode.l10n.t('Ports to publish, HOST:CONTAINER, separated by spaces; empty for none'),
      placeHolder: '8080:80',
      mayBeEmpty: true,
      judge: (text) => {
        const bad = split(text).find((port) => !hasForm(port, 'port'));
        return bad === undefined ? undefined : { isWrong: `${bad}: ${formInWords('port', vscode.l10n)}` };
      },
    });
    if (ports === undefined) return undefined;
    const run = { ...(ports !== '' && { ports: split(ports) }), restart: 'unless-stopped' };
    return made(name, { ...description, run }, base);
  }

  private askName(suggested: string): Promise<string | undefined> {
    return this.dialogs().input({
      title: vscode.l10n.t('Deploy'),
      prompt: vscode.l10n.t('Name of the app; its container is called so too'),
      value: appNameFrom(suggested),
      judge: (text) =>
        isAppName(text.trim()) ? undefined : { isWrong: formInWords('appName', vscode.l10n) },
    });
  }
}

/** What a description says, read as if it were in the file. */
export function made(name: string, description: Json, baseFolder: string | undefined): DeployChoice {
  const { app, problems } = readApp(name, description);
  const [problem] = problems;
  if (!app) throw new DeployRefusedError(problem ? problemInWords(problem, vscode.l10n) : name);
  return { app, baseFolder, unsaved: description };
}

/** The nearest that can be an app's name. */
export function appNameFrom(text: string): string {
  const plain = text
    .replace(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|-+$/g, '')
    .slice(0, 63);
  return isAppName(plain) ? plain : 'app';
}

function judgeForm(form: FormName): (text: string) => Judgement {
  return (text) => (hasForm(text.trim(), form) ? undefined : { isWrong: formInWords(form, vscode.l10n) });
}

function split(ports: string): string[] {
  return ports.split(/[\s,]+/).filter((port) => port !== '');
}

/** The folder of the workspace that holds it, or itself: what relative paths of the description begin at. */
function baseOf(folder: string): string {
  return vscode.workspace.getWorkspaceFolder(vscode.Uri.file(folder))?.uri.fsPath ?? folder;
}

function firstFolder(): string | undefined {
  return vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file')?.uri.fsPath;
}

function relativeTo(base: string, folder: string): string {
  const relative = path.relative(base, folder).split(path.sep).join('/');
  return relative === '' ? '.' : relative;
}

async function firstFile(folder: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const isFile = await stat(path.join(folder, name)).then(
      (found) => found.isFile(),
      () => false,
    );
    if (isFile) return name;
  }
  return undefined;
}
