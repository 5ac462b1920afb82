import * as vscode from 'vscode';
import { DisposableStore } from '../../base/lifecycle';
import type { ExecSession, TerminalSize } from '../../engine/engine';
import { oneLine } from '../../model/format';
import { reasonInWords } from '../notify';
import type { Target } from './targets';

/** The container's bash if it has one, else its sh. */
const SHELL_COMMAND = ['/bin/sh', '-c', 'command -v bash >/dev/null 2>&1 && exec bash || exec sh'] as const;

/** What a runtime exits with when the program is not there or cannot be run. */
const NO_PROGRAM_EXIT_CODES: readonly number[] = [126, 127];

const DEFAULT_SIZE: TerminalSize = { columns: 80, rows: 24 };

/** Keys typed before the shell is there are kept up to this many characters. */
const MOST_EARLY_INPUT = 10_000;

export function openShell(target: Target): void {
  const name = oneLine(target.container.name, 80);
  const pty = new ShellTerminal(target);
  const iconPath = new vscode.ThemeIcon('terminal');
  vscode.window.createTerminal({ name: `${name} (${target.host.name})`, pty, iconPath }).show();
}

/** A terminal whose process runs in a container, reached through the engine; no CLI is needed. */
export class ShellTerminal implements vscode.Pseudoterminal {
  private readonly store = new DisposableStore();
  private readonly written = this.store.add(new vscode.EventEmitter<string>());
  private readonly closed = this.store.add(new vscode.EventEmitter<number | undefined>());
  private readonly decoder = new TextDecoder();
  private readonly encoder = new TextEncoder();
  private session: ExecSession | undefined;
  private size = DEFAULT_SIZE;
  private earlyInput = '';
  private hasOutput = false;
  private hasInput = false;

  readonly onDidWrite = this.written.event;
  readonly onDidClose = this.closed.event;

  constructor(private readonly target: Target) {}

  open(dimensions: vscode.TerminalDimensions | undefined): void {
    if (dimensions !== undefined) this.size = dimensions;
    void this.start();
  }

  handleInput(text: string): void {
    this.hasInput = true;
    if (this.session !== undefined) this.session.write(this.encoder.encode(text));
    else this.earlyInput = (this.earlyInput + text).slice(0, MOST_EARLY_INPUT);
  }

  setDimensions(dimensions: vscode.TerminalDimensions): void {
    this.size = dimensions;
    this.session?.resize({ columns: dimensions.columns, rows: dimensions.rows });
  }

  close(): void {
    this.store.dispose();
  }

  private async start(): Promise<void> {
    const { host, container } = this.target;
    const startedWith = this.size;
    try {
      const session = await host.engine.exec(container.id, SHELL_COMMAND, {
        columns: startedWith.columns,
        rows: startedWith.rows,
      });
      this.attach(this.store.add(session));
      if (this.size !== startedWith) session.resize({ columns: this.size.columns, rows: this.size.rows });
    } catch (error) {
      this.end(vscode.l10n.t('Could not open a shell: {0}', reasonInWords(error)), 1);
    }
  }

  private attach(session: ExecSession): void {
    if (this.store.isDisposed) return;
    this.session = session;
    this.store.add(session.onData((data) => this.show(data)));
    this.store.add(session.onExit(({ exitCode }) => this.exited(exitCode)));
    if (this.earlyInput !== '') session.write(this.encoder.encode(this.earlyInput));
    this.earlyInput = '';
  }

  private show(data: Uint8Array): void {
    this.hasOutput = true;
    this.written.fire(this.decoder.decode(data, { stream: true }));
  }

  private exited(exitCode: number | undefined): void {
    if (exitCode === undefined) {
      this.end(vscode.l10n.t('The connection to the container was lost.'), 1);
    } else if (!this.hasInput && NO_PROGRAM_EXIT_CODES.includes(exitCode)) {
      this.end(vscode.l10n.t('This container’s image has no shell (/bin/sh).'), exitCode);
    } else {
      // A shell that was left ends its terminal; one that failed leaves it open, with what it said.
      this.end(exitCode === 0 ? '' : vscode.l10n.t('The shell exited with code {0}.', exitCode), exitCode);
    }
  }

  private end(message: string, exitCode: number): void {
    const isSilent = message === '';
    if (!isSilent) this.written.fire(`${this.hasOutput ? '\r\n' : ''}\u001b[33m${message}\u001b[0m\r\n`);
    this.session = undefined;
    this.closed.fire(isSilent ? undefined : exitCode);
  }
}
