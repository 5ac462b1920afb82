import assert from 'node:assert/strict';
import { containerContext, containerDescription, stateIcon, stateText } from '../../src/model/describe';
import * as format from '../../src/model/format';
import { escapeMarkdown, markdownCard } from '../../src/model/formatMarkdown';
import { makeContainer } from '../doubles/memoryEngine';

const MINUTE_MS = 60_000;

describe('formatting', () => {
  it('says durations in their largest unit', () => {
    const cases: [number, string][] = [
      [Number.NaN, '<1 min'],
      [-5, '<1 min'],
      [59_999, '<1 min'],
      [MINUTE_MS, '1 min'],
      [59.9 * MINUTE_MS, '59 min'],
      [47.9 * 60 * MINUTE_MS, '47 h'],
      [48 * 60 * MINUTE_MS, '2 d'],
    ];
    for (const [durationMs, expected] of cases) assert.equal(format.formatDuration(durationMs), expected);
  });

  it('shows each published port once, with an address only where it matters', () => {
    const ports = [
      { containerPort: 80, protocol: 'tcp', hostPort: 8080, hostAddress: '0.0.0.0' },
      { containerPort: 80, protocol: 'tcp', hostPort: 8080, hostAddress: '::' },
      { containerPort: 53, protocol: 'udp', hostPort: 53, hostAddress: '127.0.0.1' },
      { containerPort: 9000, protocol: 'tcp' },
    ];
    assert.equal(format.formatPublishedPorts(ports), '8080→80, 127.0.0.1:53→53/udp');
    assert.equal(format.formatPublishedPorts(ports, 1), '8080→80 +1');
    assert.equal(format.formatAllPorts(ports), '8080→80, 127.0.0.1:53→53/udp, 9000');
  });

  it('finds where a port is browsed, also on a remote engine', () => {
    const container = makeContainer('web', {
      ports: [
        { containerPort: 443, protocol: 'tcp', hostPort: 8443, hostAddress: '::' },
        { containerPort: 80, protocol: 'tcp', hostPort: 8080, hostAddress: '::1' },
        { containerPort: 53, protocol: 'udp', hostPort: 53 },
      ],
    });
    const urls = (address?: string): string[] =>
      format.browsablePorts(container, address).map(({ url }) => url);
    assert.deepEqual(urls('unix:///var/run/docker.sock'), ['http://[::1]:8080', 'https://localhost:8443']);
    assert.deepEqual(urls('ssh://me@far:22'), ['http://[::1]:8080', 'https://far:8443']);
    assert.deepEqual(urls('tcp://[fe80::1]:2376'), ['http://[::1]:8080', 'https://[fe80::1]:8443']);
  });

  it('makes one harmless line of anything', () => {
    assert.equal(format.oneLine('a\r\n\tb\u202Egpj\u200B\u0000c'), 'a bgpj c');
    assert.equal(format.oneLine('x'.repeat(20), 5), 'xxxx…');
  });

  it('cuts digests to what people read', () => {
    const digest = '0123456789ab'.padEnd(64, 'f');
    assert.equal(format.formatImage(`sha256:${digest}`), '0123456789ab');
    assert.equal(format.formatImage(`web@sha256:${digest}`), 'web@0123456789ab');
    assert.equal(format.formatImage('nginx:1.27'), 'nginx:1.27');
  });

  it('knows the names the engine takes', () => {
    assert.deepEqual(['web-1', 'a_', 'a', '-a', 'a b', ''].map(format.isContainerName), [
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('describing a container', () => {
  const nowMs = 100 * MINUTE_MS;
  const container = makeContainer('web', {
    image: 'nginx',
    stateSinceMs: 95 * MINUTE_MS,
    ports: [{ containerPort: 80, protocol: 'tcp', hostPort: 8080 }],
  });

  it('gives image, ports and uptime, and the state where it is not plain running', () => {
    assert.equal(containerDescription(container, nowMs), 'nginx · 8080→80 · 5 min');
    const ill = { ...container, health: 'unhealthy' as const };
    assert.equal(containerDescription(ill, nowMs), 'unhealthy 5 min · nginx · 8080→80');
    const dead = makeContainer('web', { image: 'nginx', state: 'exited', exitCode: 137 });
    assert.equal(containerDescription(dead, nowMs), 'exited (137) · nginx');
  });

  it('shows an unknown state as it came', () => {
    const odd = makeContainer('x', { state: 'hibernating' });
    assert.equal(stateText(odd), 'hibernating');
    assert.deepEqual(stateIcon(odd), { icon: 'question' });
    assert.match(containerContext(odd, { lifecycle: true, exec: true }, false), /;canStart;/);
  });

  it('tells an orderly end from a failure', () => {
    const icon = (exitCode: number): string =>
      stateIcon(makeContainer('x', { state: 'exited', exitCode })).icon;
    assert.deepEqual([0, 143, 137, 1].map(icon), ['debug-stop', 'debug-stop', 'debug-stop', 'error']);
  });

  it('gives menus exactly what can be done', () => {
    const all = { lifecycle: true, exec: true };
    assert.equal(
      containerContext(container, all, true),
      'container;running;canStop;canPause;canManage;canChange;canShell;tailing;hasPort;',
    );
    assert.equal(
      containerContext(container, { lifecycle: false, exec: false }, false),
      'container;running;canTail;hasPort;',
    );
    const hostile = makeContainer('x', { state: 'a;canStop;' });
    assert.match(containerContext(hostile, all, false), /^container;acanStop;canStart;/);
  });
});

describe('the Markdown card', () => {
  it('escapes everything that could be markup', () => {
    const hostile = '[x](command:evil) <img src=a> `$(alert)` **b** http://a.b\n# h | &lt;';
    const escaped = escapeMarkdown(hostile);
    assert.equal(
      escaped,
      '\\[x\\]\\(command\\:evil\\) &lt;img src\\=a\\> \\`\\$\\(alert\\)\\` \\*\\*b\\*\\* http\\:\\/\\/a\\.b \\# h \\| &amp;lt\\;',
    );
  });

  it('leaves out rows without a value', () => {
    const card = markdownCard('we*b', [
      { label: 'State', value: 'running' },
      { label: 'Ports', value: '' },
      { label: 'Since', value: undefined },
      { label: 'ID', value: 'abc' },
    ]);
    assert.equal(card, '**we\\*b**\n\n**State:** running  \n**ID:** abc');
  });
});
