import assert from 'node:assert/strict';
import { makeContainer, MemoryEngine, type MemoryExec } from '../doubles/memoryEngine';
import { ShellTerminal } from '../../src/vscode/commands/shellTerminal';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';

describe('the shell terminal', () => {
  checkForLeaks();
  // Hooks of a suite inside run before those of the suite around it: what they dispose is no leak.
  describe('of one container', shellTerminalCases);
});

function shellTerminalCases(): void {
  let engine: MemoryEngine;
  let terminal: ShellTerminal;
  let output: string;
  let exits: (number | undefined)[];

  beforeEach(() => {
    engine = new MemoryEngine();
    terminal = new ShellTerminal({ host: { id: 'h', name: 'H', engine }, container: makeContainer('c') });
    output = '';
    exits = [];
    terminal.onDidWrite((text) => (output += text));
    terminal.onDidClose((code) => exits.push(code ?? undefined));
  });

  afterEach(() => {
    terminal.close();
    engine.dispose();
  });

  async function opened(): Promise<MemoryExec> {
    terminal.open({ columns: 100, rows: 30 });
    await eventually('a process is started', () => engine.execs.length === 1);
    const [exec] = engine.execs;
    assert.ok(exec);
    // The terminal attaches when the promise of the process is kept.
    await Promise.resolve();
    return exec;
  }

  it('starts a shell at its size and passes on what is typed, also early', async () => {
    terminal.open({ columns: 100, rows: 30 });
    terminal.handleInput('ls\r');
    terminal.setDimensions({ columns: 120, rows: 40 });
    await eventually('the input arrives', () => engine.execs[0]?.written.length === 1);
    const [exec] = engine.execs;
    assert.equal(exec?.command[0], '/bin/sh');
    assert.deepEqual(exec.sizes, [
      { columns: 100, rows: 30 },
      { columns: 120, rows: 40 },
    ]);
    assert.equal(Buffer.from(exec.written[0] ?? []).toString(), 'ls\r');
  });

  it('decodes characters that come in pieces', async () => {
    const exec = await opened();
    const bytes = Buffer.from('ä→');
    for (const byte of bytes) exec.say(Uint8Array.of(byte));
    assert.equal(output, 'ä→');
  });

  it('ends in silence with a shell that was left, and says other codes', async () => {
    (await opened()).end(0);
    assert.deepEqual([output, exits], ['', [undefined]]);
  });

  it('says when the image has no shell', async () => {
    (await opened()).end(127);
    assert.match(output, /has no shell/);
    assert.deepEqual(exits, [127]);
  });

  it('says when the connection is lost', async () => {
    (await opened()).end();
    assert.match(output, /connection to the container was lost/);
  });

  it('ends the process when it is closed', async () => {
    const exec = await opened();
    terminal.close();
    assert.equal(exec.isDisposed, true);
  });
}
