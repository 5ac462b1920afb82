import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { runCli } from '../../src/agent/cli/program';
import { TokenStore } from '../../src/agent/security/tokenStore';
import { Emitter } from '../../src/base/emitter';
import { EngineError } from '../../src/engine/engine';
import { MemoryDeployments } from '../doubles/memoryDeployments';
import { eventually } from '../support/eventually';
import { checkForLeaks } from '../support/leaks';
import { temporaryFolder } from '../support/temporaryFolder';
import { AgentFixture } from './agentFixture';

const SECRET = 'planted-secret-cli0';
const ERASE_LINE = '\r\u001b[2K';
const APPS = {
  web: {
    source: { image: 'nginx:1', pull: 'missing' },
    run: { environment: { PASSWORD: '${env:WEB_PASSWORD}' } },
  },
  other: { source: { image: 'nginx:1' } },
};
const ENVIRONMENT = { WEB_PASSWORD: SECRET };

/** What a terminal shows of what is written to it: lines, the last of which is written over. */
class Screen {
  readonly lines: string[] = [''];
  /** All that was written, in order. */
  written = '';

  write(text: string): void {
    this.written += text;
    for (const [index, line] of text.split('\n').entries()) {
      if (index > 0) this.lines.push('');
      // What was written over is gone.
      const [before = '', ...later] = line.split(ERASE_LINE);
      const shown = later.length === 0 ? this.bottom + before : later.at(-1);
      this.lines[this.lines.length - 1] = shown ?? '';
    }
  }

  get bottom(): string {
    return this.lines.at(-1) ?? '';
  }
}

/** One call of the command, in this process. */
class Run {
  readonly out: string[] = [];
  readonly err: string[] = [];
  readonly screen = new Screen();
  readonly interrupts = new Emitter<void>();
  readonly ended: Promise<number>;
  exitCode: number | undefined;

  constructor(args: readonly string[], options: { readonly columns?: number } = {}) {
    const { columns } = options;
    this.ended = runCli(['deploy', ...args], {
      out: (line) => this.take(this.out, line),
      err: (line) => this.take(this.err, line),
      env: ENVIRONMENT,
      version: '0.0.0',
      ...(columns !== undefined && {
        terminal: { columns, write: (text: string) => this.screen.write(text) },
      }),
      onInterrupt: (listener) => this.interrupts.event(listener),
    });
    void this.ended.then((code) => (this.exitCode = code));
  }

  private take(lines: string[], line: string): void {
    lines.push(line);
    this.screen.write(`${line}\n`);
  }
}

describe('agent: the command quaywatch-agent deploy', () => {
  checkForLeaks();
  // Hooks of an inner suite run before the check.
  describe('through the agent that runs', () => commandSuite());
});

function commandSuite(): void {
  const folder = temporaryFolder();
  let fixture: AgentFixture;
  let deployments: MemoryDeployments;
  let file: string;
  const log: string[] = [];

  beforeEach(async () => {
    log.length = 0;
    deployments = new MemoryDeployments();
    fixture = await AgentFixture.make({ deployments, log: (line) => void log.push(line) });
    file = folder.file('quaywatch.json');
    writeFileSync(file, JSON.stringify({ apps: APPS }));
  });
  afterEach(async () => {
    await fixture.dispose();
    deployments.dispose();
  });

  async function begin(
    options: { readonly columns?: number } = {},
  ): Promise<{ readonly run: Run; readonly id: string }> {
    const run = new Run([file, '--app', 'web', '--state', fixture.agent.state.path], options);
    await eventually(
      () => `it follows: ${run.err.join('\n')}`,
      () => deployments.followed.length > 0,
    );
    return { run, id: [...(deployments.current?.keys() ?? [])].at(-1) ?? '' };
  }

  it('shows stages and log as lines where there is no terminal, and ends with 0', async () => {
    const { run, id } = await begin();
    assert.equal(deployments.starts[0]?.spec.run?.environment?.['PASSWORD'], SECRET);
    deployments.enter(id, 'building_image', { message: 'Building the image.' });
    deployments.progress(id, 50, 'Step 4/8 : RUN make');
    deployments.log(id, 'made');
    deployments.enter(id, 'health_check', { message: 'Watching.' });
    deployments.succeed(id, { message: 'The new version runs.' });
    assert.equal(await run.ended, 0);
    assert.deepEqual(run.out, ['made']);
    assert.deepEqual(run.err.slice(1), [
      '[ 25%] building_image: Building the image.',
      '[ 50%] building_image: Step 4/8 : RUN make',
      '[ 80%] health_check: Watching.',
      '[100%] completed: The new version runs.',
    ]);
    assert.ok(!run.screen.written.includes('\u001b'), 'no control sequences in a file');
    assert.equal(run.interrupts.hasListeners, false);
  });

  it('keeps one line below the log in a terminal, that fits and is gone at the end', async () => {
    const { run, id } = await begin({ columns: 60 });
    deployments.enter(id, 'building_image', { message: 'Building the image.' });
    const steps = [30, 45, 60];
    for (const [index, progress] of steps.entries()) {
      deployments.progress(id, progress, `Step ${index + 1}/8 : RUN ${'x'.repeat(200)}\u001b[31m`);
      await eventually('the bottom line says how far it is', () =>
        run.screen.bottom.includes(`${progress}% Step ${index + 1}/8 : RUN x`),
      );
      assert.ok(run.screen.bottom.length < 60, run.screen.bottom);
      assert.ok(!run.screen.bottom.includes('\u001b'));
    }
    deployments.log(id, 'a line of the log');
    await eventually('it is shown', () => run.out.length > 0);
    assert.equal(run.screen.lines.at(-2), 'a line of the log');
    assert.match(run.screen.bottom, /^#{12}-{8} {2}60% Step 3\/8/);
    deployments.succeed(id, { message: 'The new version runs.' });
    assert.equal(await run.ended, 0);
    assert.deepEqual(run.screen.lines.slice(-2), ['[100%] completed: The new version runs.', '']);
    assert.equal(run.err.filter((line) => line.includes('building_image')).length, 1, 'one line a stage');
  });

  it('ends with 7 and the reason when it fails', async () => {
    const { run, id } = await begin({ columns: 80 });
    deployments.fail(id, { message: 'The container ended with exit code 3.' });
    assert.equal(await run.ended, 7);
    assert.match(run.err.at(-1) ?? '', /^It failed: The container ended with exit code 3\./);
    assert.equal(run.screen.bottom, '');
  });

  it('tells, too, that the old version could not be put back', async () => {
    const { run, id } = await begin({});
    const message = 'It ended. The old container web is gone.';
    const failure = { stage: 'health_check', message: 'It ended.', lastLines: [] } as const;
    deployments.change(id, { status: 'failed', endedAtMs: 1, message, failure, oldVersion: 'lost' });
    assert.equal(await run.ended, 7);
    assert.equal(run.err.at(-1), `It failed: ${message}`);
  });

  it('ends with 7 and the words of the host when it is refused', async () => {
    deployments.nextError = new EngineError('conflict', 'Too many deployments wait on this host.');
    const run = new Run([file, '--app', 'web', '--state', fixture.agent.state.path]);
    assert.equal(await run.ended, 7);
    assert.deepEqual(run.err, ['It failed: Too many deployments wait on this host.']);
  });

  it('goes on at the first Ctrl-C, and is cancelled by the second: 8', async () => {
    const { run, id } = await begin({ columns: 80 });
    deployments.enter(id, 'building_image', { message: 'Building the image.' });
    run.interrupts.fire();
    assert.match(run.err.at(-1) ?? '', /goes on\. Press Ctrl-C once more to cancel it\./);
    deployments.log(id, 'still there');
    await eventually('it goes on', () => run.out.includes('still there'));
    assert.deepEqual(deployments.cancelled, []);
    run.interrupts.fire();
    assert.equal(await run.ended, 8);
    assert.deepEqual(deployments.cancelled, [id]);
    assert.equal(run.interrupts.hasListeners, false);
  });

  it('goes on where it was when the agent is restarted in the middle', async () => {
    const { run, id } = await begin();
    deployments.log(id, 'before');
    await eventually('the first line is shown', () => run.out.length === 1);
    await fixture.agent.restart();
    deployments.log(id, 'after');
    deployments.succeed(id);
    assert.equal(await run.ended, 0);
    assert.deepEqual(run.out, ['before', 'after']);
  });

  it('ends with 2 where the file or the environment lacks something, and starts nothing', async () => {
    const state = ['--state', fixture.agent.state.path];
    const cases: readonly [readonly string[], RegExp][] = [
      [[file], /several apps: name one of web, other with --app/],
      [[file, '--app', 'none'], /no app "none"/],
      [[folder.file('no-such-file')], /quaywatch\.json can't be read|no app/],
      [[], /missing required argument/],
    ];
    for (const [args, pattern] of cases) {
      const run = new Run([...args, ...state]);
      assert.equal(await run.ended, 2, args.join(' '));
      assert.match(run.err.join('\n'), pattern);
    }
    writeFileSync(file, JSON.stringify({ apps: { web: { source: { image: 'nginx:1' }, ports: 1 } } }));
    const run = new Run([file, ...state]);
    assert.equal(await run.ended, 2);
    assert.match(run.err.join('\n'), /ports/);
    assert.equal(deployments.starts.length, 0);
  });

  it('shows no secret, and leaves no token behind', async () => {
    const { run, id } = await begin({ columns: 80 });
    deployments.fail(id, { message: 'It is broken.' });
    await run.ended;
    for (const text of [run.screen.written, ...log]) assert.ok(!text.includes(SECRET), text.slice(0, 200));
    const { stored } = await fixture.agent.addToken({ name: 'another' });
    const tokens = await new TokenStore(fixture.agent.state.tokensFolder).list();
    const names = tokens.tokens.map(({ name }) => name);
    assert.ok(
      names.includes(stored.name) && !names.some((name) => name.startsWith('quaywatch-agent')),
      names.join(),
    );
  });
}
