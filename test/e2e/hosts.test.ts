import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { createCertificateFiles } from '../../src/agent/tls/certificate';
import { displayFingerprint, formatPairingLink, parsePairingLink } from '../../src/protocol/pairingLink';
import { FakeEngine } from '../doubles/fakeEngine/fakeEngine';
import { startTestAgent, type TestAgent } from '../support/agent';
import { e2eSuite, printing } from '../support/e2eSuite';
import { testEngineOrSkip } from '../support/testEngine';

const LABEL = 'quaywatch.far';
const SCOPE = { labels: [{ name: LABEL }], projects: [] };
const AGENT_TIMEOUT_MS = 60_000;

describe('a remote host beside this machine, on screen', function () {
  this.timeout(180_000);
  // This machine's engine is a fake one, so that no container is on both hosts.
  const near = new FakeEngine({ personality: '29' });
  before(() => near.listen());
  const suite = e2eSuite({ env: { DOCKER_HOST: near.dockerHost } });
  let agent: TestAgent;
  let tokenId: string;

  before(async function () {
    const { socketPath } = testEngineOrSkip(this);
    near.run({ name: 'near' });
    await suite.run('far', printing('far begins\n'), { labels: { [LABEL]: 'yes' } });
    agent = await startTestAgent({
      engineSocket: socketPath,
      token: { scope: SCOPE },
    });
    tokenId = agent.token.id;
    await suite.page.openViewContainer('Quaywatch');
    await suite.tree.waitForRow('near');
  });

  after(async () => {
    await agent.dispose();
    await near.dispose();
  });

  const write = async (text: string): Promise<void> =>
    suite.write(suite.docker.getContainer('far'), `${text}\n`);
  const waitForConnected = async (): Promise<void> => {
    await suite.tree.waitForDescription('Server', /Docker/, AGENT_TIMEOUT_MS);
  };
  const tail = async (label: string, channel: string): Promise<void> => {
    await suite.tree.chooseFromMenu(label, 'Tail Logs');
    await suite.page.waitForOutputChannel(channel);
  };

  it('is paired by its link, after its address and fingerprint were shown', async () => {
    const link = formatPairingLink({ ...parsePairingLink(agent.link), name: 'Server' });
    // As in everybody's browser: nothing may be read from the clipboard unasked.
    await suite.page.forbidClipboard();
    await suite.page.runCommand('Quaywatch: Add Host…');
    await suite.page.pick('Paste a Pairing Link…');
    assert.deepEqual(await suite.page.notifications(), []);
    await suite.page.allowClipboard();
    await suite.page.typeInput('quaywatch://nonsense');
    await suite.page.waitForInputMessage('This is no pairing link');
    await suite.page.screenshot('hosts-link-refused');
    await suite.page.answerInput(link);
    const { message, detail } = await suite.page.dialog();
    assert.equal(message, 'Add the host Server?');
    assert.ok(detail.includes(displayFingerprint(agent.fingerprint)), detail);
    assert.ok(detail.includes(`127.0.0.1:${agent.port}`), detail);
    await suite.page.screenshot('hosts-confirm');
    await suite.page.answerDialog('Add Host');
    await suite.tree.waitForRow('far', AGENT_TIMEOUT_MS);
    assert.match((await suite.tree.waitForRow('Server')).description, /^Docker/);
  });

  it('stands beside this machine, and is counted in the status bar', async () => {
    const rows = await suite.tree.rows();
    assert.deepEqual(
      rows.map(({ label, level }) => [label, level]),
      [
        ['Local', 1],
        ['near', 2],
        ['Server', 1],
        ['far', 2],
      ],
    );
    assert.ok((await suite.page.statusBar()).some((text) => text.includes('2 of 2 hosts connected')));
    for (const theme of ['light', 'highContrast', 'dark'] as const) {
      await suite.page.setTheme(theme);
      await suite.page.screenshot(`hosts-${theme}`);
    }
  });

  it('is tailed like this machine, in a channel named after both', async () => {
    near.writeLog('near', 'stdout', 'near begins\n');
    await tail('near', 'near · Local');
    await suite.page.waitForOutput('near begins\n');
    await tail('far', 'far · Server');
    await suite.page.waitForOutput('far begins\n');
    await write('far goes on');
    await suite.page.waitForOutput('far goes on\n');
  });

  it('dims while its network is away; the tail says so, and goes on without a line lost or doubled', async () => {
    await agent.stop();
    const away = await suite.tree.waitForDescription('Server', /out of date: the agent is not reachable/);
    assert.ok(away.description);
    assert.equal((await suite.tree.waitForRow('far')).level, 2);
    await suite.page.waitForOutput(/── connection to the engine lost/);
    await suite.page.screenshot('hosts-away');
    await write('written meanwhile');
    await agent.start();
    await suite.tree.clickInlineAction('Server', 'Reconnect');
    await waitForConnected();
    await write('after the break');
    const text = await suite.page.waitForOutput(/reconnected[\s\S]*after the break\n/, AGENT_TIMEOUT_MS);
    assert.deepEqual(
      text
        .trimEnd()
        .split('\n')
        .filter((line) => !line.startsWith('──')),
      ['far begins', 'far goes on', 'written meanwhile', 'after the break'],
    );
  });

  it('goes on after a cut of all connections, by itself', async () => {
    agent.cutConnections();
    await write('after the cut');
    const text = await suite.page.waitForOutput('after the cut\n', AGENT_TIMEOUT_MS);
    assert.equal(text.split('after the cut\n').length, 2);
    await waitForConnected();
  });

  it('says that its token was revoked, and takes a new one', async () => {
    await agent.revoke(tokenId);
    await suite.tree.waitForRow('The agent refused the token', AGENT_TIMEOUT_MS);
    assert.equal((await suite.tree.waitForRow('far')).level, 2);
    await suite.page.screenshot('hosts-token-refused');
    const renewed = await agent.addToken({ scope: SCOPE });
    await suite.tree.click('Enter a New Token…');
    await suite.page.answerInput(renewed.text);
    await waitForConnected();
    await suite.tree.waitForNoRow('The agent refused the token');
    await write('with a new token');
    await suite.page.waitForOutput('with a new token\n', AGENT_TIMEOUT_MS);
  });

  it('says that its certificate changed, shows both, and trusts the new one when told to', async () => {
    const before = displayFingerprint(agent.fingerprint);
    await agent.stop();
    rmSync(agent.state.keyFile);
    rmSync(agent.state.certificateFile);
    await createCertificateFiles(agent.state, ['127.0.0.1'], new Date());
    await agent.start();
    const now = displayFingerprint(agent.fingerprint);
    await suite.tree.waitForRow('The certificate has changed', AGENT_TIMEOUT_MS);
    await suite.tree.waitForRow(`Paired with ${before}`);
    await suite.tree.waitForRow(`Now it is ${now}`);
    for (const theme of ['light', 'highContrast', 'dark'] as const) {
      await suite.page.setTheme(theme);
      await suite.page.screenshot(`hosts-certificate-${theme}`);
    }
    await suite.tree.click('Check the Certificate…');
    const { detail } = await suite.page.dialog();
    assert.ok(detail.includes(`Before: ${before}`) && detail.includes(`Now: ${now}`), detail);
    await suite.page.screenshot('hosts-certificate-dialog');
    await suite.page.answerDialog('Trust New Certificate');
    await waitForConnected();
  });

  it('is disconnected and connected again', async () => {
    await suite.tree.chooseFromMenu('Server', 'Disconnect');
    await suite.tree.waitForDescription('Server', /^disconnected$/);
    await suite.tree.waitForRow('far');
    await suite.page.screenshot('hosts-disconnected');
    await suite.tree.click('Connect');
    await waitForConnected();
  });

  it('is there again in a new window, and says so where its token is not', async () => {
    await suite.page.reload();
    await suite.page.openViewContainer('Quaywatch');
    await suite.tree.waitForRow('near');
    // A VS Code in a browser forgets secrets with its window.
    await suite.tree.waitForRow('There is no token for this host here', AGENT_TIMEOUT_MS);
    const renewed = await agent.addToken({ scope: SCOPE });
    await suite.tree.click('Enter a New Token…');
    await suite.page.answerInput(renewed.text);
    await suite.tree.waitForRow('far', AGENT_TIMEOUT_MS);
  });

  it('is removed after asking', async () => {
    await suite.tree.chooseFromMenu('Server', 'Remove Host…');
    assert.equal((await suite.page.dialog()).message, 'Remove the host Server?');
    await suite.page.answerDialog('Remove Host');
    await suite.tree.waitForNoRow('Server');
    await suite.tree.waitForRow('near');
  });
});
