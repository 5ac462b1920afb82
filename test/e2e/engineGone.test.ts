import assert from 'node:assert/strict';
import { e2eSuite, printing } from '../support/e2eSuite';
import { engineControlOrSkip, type EngineControl } from '../support/testEngine';

describe('an engine that goes away and comes back, on screen', () => {
  const suite = e2eSuite();
  let control: EngineControl;

  before(async function () {
    control = engineControlOrSkip(this);
    await suite.run('survivor', printing('before\n'), {
      options: { HostConfig: { RestartPolicy: { Name: 'always' } } },
    });
    await suite.page.openViewContainer('Quaywatch');
    await suite.tree.waitForRow('survivor');
    await suite.tree.chooseFromMenu('survivor', 'Tail Logs');
    await suite.page.waitForOutput('before');
  });

  after(() => control.start());

  for (const [how, leave] of [
    ['stopped', () => control.stop()],
    ['killed with -9', () => control.kill9()],
  ] as const) {
    it(`${how}: the tree dims and comes back by itself, the tail goes on`, async () => {
      await suite.page.runCommand('Quaywatch: Retry Connection');
      await suite.tree.waitForDescription('Local', /Docker/);
      await leave();
      const away = await suite.tree.waitForDescription(
        'Local',
        /stale|not reachable|reconnect|lost|no Docker/i,
      );
      assert.ok(away.description.length > 0);
      assert.equal((await suite.tree.waitForRow('survivor')).level, 2);
      await suite.page.screenshot(`engine-${how.split(' ')[0] ?? ''}`);
      await control.start();
      await suite.tree.waitForDescription('Local', /Docker/, 60_000);
      const container = suite.docker.getContainer('survivor');
      if (!(await container.inspect()).State.Running) await container.start();
      await suite.write(container, `after being ${how}\n`);
      const text = await suite.page.waitForOutput(`after being ${how}\n`, 60_000);
      assert.equal(text.split(`after being ${how}\n`).length, 2, 'shown once');
      assert.match(text, /── (reconnected|restarted|stopped|started)/);
    });
  }
});
