import assert from 'node:assert/strict';
import type * as vscode from 'vscode';
import type { Dialogs, InputQuestion } from '../../src/vscode/pairing/dialogs';

/** Answers in a person's place, and keeps what was asked. An answer left out means that the person left. */
export class FakeDialogs implements Dialogs {
  /** For the input boxes, in the order they come. */
  readonly inputs: string[] = [];
  /** For the quick picks: the label, or its beginning. */
  readonly picks: string[] = [];
  /** For errors that offer something. */
  readonly offers: string[] = [];
  isConfirmed = true;
  copied = '';

  readonly asked: string[] = [];
  readonly confirmed: { readonly question: string; readonly detail: string }[] = [];
  readonly offered: { readonly text: string; readonly actions: readonly string[] }[] = [];
  readonly progressed: string[] = [];

  input({ title, judge, mayBeEmpty }: InputQuestion): Promise<string | undefined> {
    this.asked.push(title);
    const answer = this.inputs.shift();
    if (answer === undefined) return Promise.resolve(undefined);
    if (answer === '' && mayBeEmpty) return Promise.resolve('');
    const judgement = judge(answer);
    assert.ok(!judgement || 'means' in judgement, `refused: ${JSON.stringify(judgement)}`);
    return Promise.resolve(answer);
  }

  pick<Item extends vscode.QuickPickItem>(items: readonly Item[]): Promise<Item | undefined> {
    const wanted = this.picks.shift();
    if (wanted === undefined) return Promise.resolve(undefined);
    const item = items.find(({ label }) => label.startsWith(wanted));
    assert.ok(item, `no ${wanted} among ${items.map(({ label }) => label).join(', ')}`);
    return Promise.resolve(item);
  }

  confirm(question: string, detail: string): Promise<boolean> {
    this.confirmed.push({ question, detail });
    return Promise.resolve(this.isConfirmed);
  }

  /** Answers for dialogs with several ways to go on; the first way where none is left. */
  readonly choices: (string | undefined)[] = [];

  choose(question: string, detail: string, actions: readonly string[]): Promise<string | undefined> {
    this.confirmed.push({ question, detail });
    const wanted = this.choices.length > 0 ? this.choices.shift() : actions[0];
    assert.ok(wanted === undefined || actions.includes(wanted), `no ${wanted} among ${actions.join(', ')}`);
    return Promise.resolve(wanted);
  }

  /** Takes the ticked ones by their labels, separated by commas. */
  pickSeveral<Item extends vscode.QuickPickItem>(
    items: readonly Item[],
  ): Promise<readonly Item[] | undefined> {
    const wanted = this.picks.shift();
    return Promise.resolve(
      wanted === undefined ? undefined : items.filter(({ label }) => wanted.split(',').includes(label)),
    );
  }

  offer(text: string, actions: readonly string[]): Promise<string | undefined> {
    this.offered.push({ text, actions });
    return Promise.resolve(this.offers.shift());
  }

  progress<Result>(title: string, run: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    this.progressed.push(title);
    return run(new AbortController().signal);
  }

  clipboard(): Promise<string> {
    return Promise.resolve(this.copied);
  }
}
