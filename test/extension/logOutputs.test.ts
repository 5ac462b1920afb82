import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { LogChannelTarget } from '../../src/vscode/logs/logChannel';
import { LogOutputs } from '../../src/vscode/logs/logOutputs';
import { eventually } from '../support/eventually';

const MAX_FILE_BYTES = 1_000;

/** The texts of the channels of this name that are in front of the person. */
function shown(name: string): string[] {
  return vscode.window.visibleTextEditors
    .map(({ document }) => document)
    .filter(({ uri }) => uri.scheme === 'output' && uri.path.endsWith(`-${name}`))
    .map((document) => document.getText());
}

async function untilShown(name: string, text: string): Promise<void> {
  await eventually(
    () => `${name} shows ${JSON.stringify(text)}, but ${JSON.stringify(shown(name))}`,
    () => shown(name).includes(text),
  );
}

describe('the output channels of logs', function () {
  this.timeout(60_000);
  const targets: LogChannelTarget[] = [];
  let outputs: LogOutputs;

  function open(name: string): LogChannelTarget {
    const target = outputs.open(name);
    targets.push(target);
    return target;
  }

  beforeEach(() => {
    outputs = new LogOutputs(MAX_FILE_BYTES);
  });
  afterEach(() => {
    for (const target of targets.splice(0)) target.dispose();
  });

  it('say when a file has no more room, and show what comes after they are cleared from a file of its own', async () => {
    const target = open('roomy · test');
    target.show(true);
    target.append(`${'x'.repeat(900)}\n`);
    await untilShown('roomy · test', `${'x'.repeat(900)}\n`);
    const rooms = ['y', 'ä'].map((character) => target.hasRoomFor?.(character.repeat(99)));
    assert.deepEqual(rooms, [true, false], 'bytes count, not characters');
    target.clear();
    target.append('a new beginning ─'.repeat(20));
    target.append('\nand more\n');
    await untilShown('roomy · test', `${'a new beginning ─'.repeat(20)}\nand more\n`);
  });

  it('leave the one in front there when another begins a new file', async () => {
    const [hidden, front] = [open('hidden · test'), open('front · test')];
    front.show(true);
    front.append('I stay\n');
    await untilShown('front · test', 'I stay\n');
    hidden.append('x'.repeat(900));
    hidden.clear();
    hidden.append('y'.repeat(900));
    front.append('to the end\n');
    await untilShown('front · test', 'I stay\nto the end\n');
  });

  it('come to the front once when many are shown at once: the last', async () => {
    const many = ['first', 'second', 'third'].map((name) => ({
      name: `${name} · test`,
      target: open(`${name} · test`),
    }));
    for (const { target } of many) {
      target.show(true);
      target.append('text\n');
    }
    await untilShown('third · test', 'text\n');
    const loaded = vscode.workspace.textDocuments.filter(({ uri }) => / · test$/.test(uri.path));
    assert.equal(loaded.length, 1);
  });

  it('share the memory that text may take', () => {
    const first = open('alone · test');
    const lengths = [first.memoryLength?.() ?? 0];
    const second = outputs.open('together · test');
    lengths.push(first.memoryLength?.() ?? 0);
    second.dispose();
    lengths.push(first.memoryLength?.() ?? 0);
    const [alone = 0] = lengths;
    assert.ok(alone > 0);
    assert.deepEqual(lengths, [alone, alone / 2, alone]);
  });
});
