import * as vscode from 'vscode';
import { pathEndings, type SourceReference } from '../../model/sourceReferences';

/** For how long an answer counts. */
const FRESH_MS = 30_000;
const MOST_KNOWN = 5_000;
/** Searching costs more than looking: no more files than this are searched for at once. */
const MOST_SEARCHES = 10;
const SEARCH_EXCLUDED = '**/{node_modules,.git,dist,out,target,build}/**';

interface Answer {
  readonly uri: Promise<vscode.Uri | undefined>;
  readonly askedAtMs: number;
}

/**
 * Finds files of the workspace by the paths that logs name, which are those inside a container: `/app/src/x.ts` is the
 * workspace's `src/x.ts` if it has one. Only folders that begin like the path are looked into.
 */
export class WorkspaceFiles {
  private readonly answers = new Map<string, Answer>();
  private readonly roots = new Map<
    string,
    { readonly names: Promise<ReadonlySet<string>>; readonly atMs: number }
  >();
  private searches = 0;

  find({ path, isSuffix }: Pick<SourceReference, 'path' | 'isSuffix'>): Promise<vscode.Uri | undefined> {
    const key = `${isSuffix}${path}`;
    const known = this.answers.get(key);
    if (known !== undefined && Date.now() - known.askedAtMs < FRESH_MS) return known.uri;
    if (this.answers.size >= MOST_KNOWN) this.answers.clear();
    const uri = isSuffix ? this.search(path) : this.look(path);
    this.answers.set(key, { uri, askedAtMs: Date.now() });
    return uri;
  }

  private async look(path: string): Promise<vscode.Uri | undefined> {
    const folders = vscode.workspace.workspaceFolders ?? [];
    for (const ending of pathEndings(path)) {
      for (const { uri } of folders) {
        const [first = ''] = ending.split('/');
        if (!(await this.namesIn(uri)).has(first)) continue;
        const file = vscode.Uri.joinPath(uri, ending);
        if (await isFile(file)) return file;
      }
    }
    return undefined;
  }

  private async search(path: string): Promise<vscode.Uri | undefined> {
    if (this.searches >= MOST_SEARCHES || (vscode.workspace.workspaceFolders ?? []).length === 0)
      return undefined;
    this.searches += 1;
    try {
      return (
        await vscode.workspace.findFiles(`**/${path.replace(/[[\]{}*?]/g, '')}`, SEARCH_EXCLUDED, 1)
      )[0];
    } finally {
      this.searches -= 1;
    }
  }

  private namesIn(folder: vscode.Uri): Promise<ReadonlySet<string>> {
    const key = folder.toString();
    const known = this.roots.get(key);
    if (known !== undefined && Date.now() - known.atMs < FRESH_MS) return known.names;
    const names = namesOf(folder);
    this.roots.set(key, { names, atMs: Date.now() });
    return names;
  }
}

async function namesOf(folder: vscode.Uri): Promise<ReadonlySet<string>> {
  try {
    return new Set((await vscode.workspace.fs.readDirectory(folder)).map(([name]) => name));
  } catch {
    // A folder that can't be read has no files to link to.
    return new Set();
  }
}

async function isFile(uri: vscode.Uri): Promise<boolean> {
  try {
    return ((await vscode.workspace.fs.stat(uri)).type & vscode.FileType.File) !== 0;
  } catch {
    return false;
  }
}
