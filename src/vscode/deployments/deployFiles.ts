import path from 'node:path';
import * as vscode from 'vscode';
import {
  DEPLOY_FILE_NAME,
  parseDeployFile,
  type DeployFile,
  type DescribedApp,
} from '../../model/deployFile';
import { isRecord } from '../../model/deployFileFields';
import { problemInWords } from '../../model/deployFileProblems';
import { DeployRefusedError } from './deployError';

const MOST_FILES = 20;
const EXCLUDED = '**/{node_modules,.git,dist,out,target,build}/**';
const MOST_PROBLEMS_TOLD = 3;

/** Something to deploy. */
export interface DeployChoice {
  readonly app: DescribedApp;
  /** What its relative paths begin at; `undefined` where there is no folder at all. */
  readonly baseFolder: string | undefined;
  /** Its description, where it is not in a `quaywatch.json` yet. */
  readonly unsaved?: Readonly<Record<string, unknown>>;
}

export interface ReadFile extends DeployFile {
  readonly uri: vscode.Uri;
}

/** The `quaywatch.json` files of the workspace. */
export async function readDeployFiles(): Promise<ReadFile[]> {
  const uris = await vscode.workspace.findFiles(`**/${DEPLOY_FILE_NAME}`, EXCLUDED, MOST_FILES);
  const sorted = uris.sort((one, other) => one.path.length - other.path.length);
  return Promise.all(sorted.map(readDeployFile));
}

export async function readDeployFile(uri: vscode.Uri): Promise<ReadFile> {
  // As somebody sees it. A document without changes may still lag behind its file.
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  const text =
    open?.isDirty === true
      ? open.getText()
      : new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  return { uri, ...parseDeployFile(text) };
}

/** What is wrong with a file, its first problems in words. */
export function problemsInWords({ uri, problems }: ReadFile): string {
  const told = problems.slice(0, MOST_PROBLEMS_TOLD).map((problem) => problemInWords(problem, vscode.l10n));
  const rest = problems.length - told.length;
  const name = vscode.workspace.asRelativePath(uri);
  return [`${name}: ${told.join(' ')}`, ...(rest > 0 ? [vscode.l10n.t('… and {0} more', rest)] : [])].join(
    ' ',
  );
}

export function choiceOf(app: DescribedApp, uri: vscode.Uri): DeployChoice {
  return { app, baseFolder: uri.scheme === 'file' ? path.dirname(uri.fsPath) : undefined };
}

/** Where a description that somebody wants to keep is written; `undefined` without a folder to write to. */
export function fileToSaveIn(baseFolder: string | undefined): vscode.Uri | undefined {
  // Relative paths begin at the file, so it can be nowhere else.
  const folder =
    baseFolder === undefined
      ? vscode.workspace.workspaceFolders?.[0]
      : vscode.workspace.getWorkspaceFolder(vscode.Uri.file(baseFolder));
  return folder && vscode.Uri.joinPath(folder.uri, DEPLOY_FILE_NAME);
}

/** Whether the file has an app of this name. Rejects where it can't be added to. */
export async function hasApp(uri: vscode.Uri, name: string): Promise<boolean> {
  return Object.hasOwn(appsOf(await readContent(uri)), name);
}

/** Writes an app into the file, which is made where there is none. All else in it stays. */
export async function saveApp(
  uri: vscode.Uri,
  name: string,
  description: Readonly<Record<string, unknown>>,
): Promise<void> {
  const content = await readContent(uri);
  const apps = { ...appsOf(content), [name]: description };
  const text = `${JSON.stringify({ ...content, apps }, undefined, 2)}\n`;
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
}

function appsOf(content: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { apps } = content;
  return isRecord(apps) ? apps : {};
}

async function readContent(uri: vscode.Uri): Promise<Readonly<Record<string, unknown>>> {
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  const name = vscode.workspace.asRelativePath(uri);
  if (open?.isDirty === true)
    throw new DeployRefusedError(vscode.l10n.t('{0} has changes that are not saved: save it first.', name));
  let bytes: Uint8Array;
  try {
    bytes = await vscode.workspace.fs.readFile(uri);
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') return {};
    throw error;
  }
  const text = new TextDecoder().decode(bytes);
  const { problems } = parseDeployFile(text);
  const broken = problems.find(
    ({ kind, field }) => kind === 'notJson' || field === 'apps' || field === DEPLOY_FILE_NAME,
  );
  // Nothing of what somebody wrote may get lost.
  if (broken)
    throw new DeployRefusedError(problemsInWords({ uri, problems: [broken], apps: [] }), uri.fsPath);
  return JSON.parse(text.replace(/^\ufeff/, '')) as Readonly<Record<string, unknown>>;
}
