import * as vscode from 'vscode';
import { DisposableStore, type Disposable } from '../../base/lifecycle';
import { findSourceReferences, type SourceReference } from '../../model/sourceReferences';
import { LOG_LANGUAGE } from './logText';
import { WorkspaceFiles } from './workspaceFiles';

/** A channel that grows is asked for its links again and again: only its newest lines are looked into. */
const NEWEST_LINES = 5_000;
const MOST_LINKS = 1_000;
const MOST_PATHS = 200;

interface PlacedReference {
  readonly lineNumber: number;
  readonly reference: SourceReference;
}

/** Links what log lines name, `src/app.ts:12:5` and the frames of stack traces, to the files of the workspace. */
export class LogLinks implements vscode.DocumentLinkProvider, Disposable {
  private readonly store = new DisposableStore();
  private readonly files = new WorkspaceFiles();

  constructor() {
    this.store.add(vscode.languages.registerDocumentLinkProvider({ language: LOG_LANGUAGE }, this));
  }

  async provideDocumentLinks(
    document: vscode.TextDocument,
    cancellation: vscode.CancellationToken,
  ): Promise<vscode.DocumentLink[]> {
    if ((vscode.workspace.workspaceFolders ?? []).length === 0) return [];
    const placed = newestReferences(document);
    const links = await Promise.all(
      placed.map(async ({ lineNumber, reference }) => {
        const uri = await this.files.find(reference);
        return uri === undefined ? [] : [linkTo(uri, lineNumber, reference)];
      }),
    );
    return cancellation.isCancellationRequested ? [] : links.flat();
  }

  dispose(): void {
    this.store.dispose();
  }
}

/** From the last line back, until there is enough. */
function newestReferences(document: vscode.TextDocument): PlacedReference[] {
  const placed: PlacedReference[] = [];
  const paths = new Set<string>();
  const first = Math.max(0, document.lineCount - NEWEST_LINES);
  for (let lineNumber = document.lineCount - 1; lineNumber >= first; lineNumber--) {
    for (const reference of findSourceReferences(document.lineAt(lineNumber).text)) {
      paths.add(reference.path);
      placed.push({ lineNumber, reference });
    }
    if (placed.length >= MOST_LINKS || paths.size >= MOST_PATHS) break;
  }
  return placed;
}

function linkTo(uri: vscode.Uri, lineNumber: number, reference: SourceReference): vscode.DocumentLink {
  const { start, end, line, column } = reference;
  const fragment = column === undefined ? `L${line}` : `L${line},${column}`;
  const link = new vscode.DocumentLink(
    new vscode.Range(lineNumber, start, lineNumber, end),
    uri.with({ fragment }),
  );
  link.tooltip = vscode.l10n.t('Open {0}', vscode.workspace.asRelativePath(uri));
  return link;
}
