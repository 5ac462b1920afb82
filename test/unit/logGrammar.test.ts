import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LABEL_BARS } from '../../src/model/mergedText';

interface Rule {
  readonly match: string;
  readonly name?: string;
  readonly captures?: Readonly<Record<string, { readonly name: string }>>;
}

const file = path.resolve(__dirname, '../../media/language/quaywatch-log.tmLanguage.json');
const { patterns } = JSON.parse(readFileSync(file, 'utf8')) as { patterns: readonly Rule[] };
/** The grammar keeps to what JavaScript and Oniguruma both read, so that it can be tried here. */
const rules = patterns.map((rule) => ({ ...rule, regExp: new RegExp(rule.match, 'dg') }));

/** As TextMate does it: the leftmost match counts, among those the first rule's. */
function tokens(line: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < line.length;) {
    let best: { rule: Rule; match: RegExpExecArray } | undefined;
    for (const rule of rules) {
      rule.regExp.lastIndex = at;
      const match = rule.regExp.exec(line);
      if (match && match[0] !== '' && (!best || match.index < best.match.index)) best = { rule, match };
    }
    if (!best) break;
    const { rule, match } = best;
    if (rule.name !== undefined) found.push(`${scope(rule.name)}«${match[0].trim()}»`);
    for (const [index, { name }] of Object.entries(rule.captures ?? {}))
      found.push(`${scope(name)}«${match[Number(index)] ?? ''}»`);
    at = match.index + match[0].length;
  }
  return found;
}

const SHORT: Readonly<Record<string, string>> = { 'token.error-token': 'error', 'token.warn-token': 'warn' };
function scope(name: string): string {
  const [bare = ''] = name.split('.quaywatch-log');
  return SHORT[bare] ?? bare.replace(/^token\.(\w+)-token$/, '$1').replace(/^comment\./, '');
}

function levelOf(line: string): string | undefined {
  return tokens(line)
    .map((token) => token.split('«')[0])
    .find((name) => ['error', 'warn', 'info', 'debug', 'trace'].includes(name ?? ''));
}

describe('the grammar of logs', () => {
  it('sees time and level of JSON lines in their compact form', () => {
    assert.deepEqual(tokens('2026-11-21 09:32:16.123 ERROR shop: payment failed order=7'), [
      'timestamp«2026-11-21 09:32:16.123»',
      'error«ERROR»',
      'support.type.property-name.json«order»',
      'constant.numeric«7»',
    ]);
    assert.deepEqual(tokens('2026-11-21T08:38:14+01:00 WARN slow'), [
      'timestamp«2026-11-21T08:38:14+01:00»',
      'warn«WARN»',
    ]);
  });

  it('sees levels in their common forms', () => {
    const cases: Readonly<Record<string, readonly string[]>> = {
      error: [
        '2026-11-21 09:32:16,123 ERROR root: it broke',
        'time="2026-11-21T09:32:18Z" level=error msg="x"',
        '{"level":"error","msg":"x"}',
        '{"level":50,"msg":"x"}',
        '2026/11/21 09:32:16 [error] 31#31: *1 open() failed',
        'E1121 09:32:19.000001       1 main.go:42] lease lost',
        '2026-11-21 09:32:16.123 E1121 09:32:19.000001       1 main.go:42] lease lost',
        'error: no such file',
        'CRITICAL:root:x',
        'java.lang.IllegalStateException: x',
        'Traceback (most recent call last):',
        '2026-11-21 UTC [1] FATAL:  the database system is starting up',
      ],
      warn: [
        'WARN  cache',
        'level=warning x',
        '[Warning] x',
        'W1121 09:32:19.000001 1 x',
        '{"severity":"WARNING"}',
      ],
      info: ['INFO: x', 'lvl=info', '[info] x', 'I1121 09:32:19.000001 1 x', '<14>[NOTICE] x'],
      debug: ['DEBUG x', 'level=debug', '[debug] x'],
      trace: ['TRACE x', '{"level":10}'],
    };
    for (const [level, lines] of Object.entries(cases))
      for (const line of lines) assert.equal(levelOf(line), level, line);
  });

  it('sees no level in words that are none', () => {
    for (const line of [
      'no errors found',
      'the information desk',
      'src/error/debug.ts',
      'terror',
      'Warnings are good',
    ])
      assert.equal(levelOf(line), undefined, line);
  });

  it('sees markers, times, frames and values', () => {
    assert.deepEqual(tokens('── stopped, exit 137 ──'), ['entity.name.type.marker«── stopped, exit 137 ──»']);
    assert.deepEqual(tokens('2026-11-21 09:32:16.123 Nov 21 x'), [
      'timestamp«2026-11-21 09:32:16.123»',
      'constant.numeric«21»',
    ]);
    assert.deepEqual(tokens('    at checkout (/app/src/checkout.ts:12:5)'), [
      'stack-trace«at checkout (/app/src/checkout.ts:12:5)»',
    ]);
    assert.deepEqual(tokens('2026-11-21 09:32:16.123   File "/a.py", line 3, in x').slice(1), [
      'stack-trace«File "/a.py", line 3, in x»',
    ]);
    assert.deepEqual(tokens('{"a": "b c", "n": 12.5, "t": true}'), [
      'support.type.property-name.json«"a"»',
      'string.quoted.double«"b c"»',
      'support.type.property-name.json«"n"»',
      'constant.numeric«12.5»',
      'support.type.property-name.json«"t"»',
      'constant.language«true»',
    ]);
    assert.deepEqual(tokens('took=12ms id=a1b2c3d4-0000-4000-8000-1234567890ab'), [
      'support.type.property-name.json«took»',
      'constant.numeric«12ms»',
      'support.type.property-name.json«id»',
      'constant.other.uuid«a1b2c3d4-0000-4000-8000-1234567890ab»',
    ]);
  });

  it('sees the labels of merged logs, each bar another colour, and what is behind them', () => {
    const scopes = LABEL_BARS.map((bar) => tokens(`web-1 ${bar} x`)[0]?.split('«')[0]);
    assert.equal(new Set(scopes).size, LABEL_BARS.length);
    assert.ok(
      scopes.every((name) => name?.endsWith('.label') === true),
      scopes.join(),
    );
    const [bar] = LABEL_BARS;
    assert.deepEqual(tokens(`web-1@my host  ${bar} ERROR x`), [
      `entity.name.function.label«web-1@my host  ${bar}»`,
      'error«ERROR»',
    ]);
    const behind = [
      ['── stopped ──', 'entity.name.type.marker«── stopped ──»'],
      ['    at f (/app/x.ts:1:2)', 'stack-trace«at f (/app/x.ts:1:2)»'],
      ['09:32:16 x', 'timestamp«09:32:16»'],
      ['E1121 09:32:19.000001 x', 'error«E1121 09:32:19.000001»'],
      ['Caused by: x', 'error«Caused by:»'],
    ];
    for (const [text, token] of behind) assert.equal(tokens(`a  ${bar} ${text}`)[1], token);
    assert.deepEqual(tokens(`a  ${bar}`).length, 1);
  });

  it('takes no table for labels', () => {
    for (const line of ['│ id │ name │', 'id │ name', 'id | name', '┌──┬──┐', 'a ┃b'])
      assert.ok(
        tokens(line).every((token) => !token.includes('.label')),
        line,
      );
  });

  it('takes linear time for each rule, whatever the line', () => {
    const units = [
      'a',
      '1',
      '"',
      ' ',
      '\\',
      '.',
      'a.',
      'a/',
      '[',
      '-',
      'A',
      'level=',
      '"a":',
      '1.',
      'x=',
      ':',
      'at ',
      '\t',
    ];
    for (const { match, regExp } of rules) {
      for (const unit of units) {
        // VS Code colours no line of more than 20,000 characters.
        const line = ` ${unit.repeat(20_000 / unit.length)}!`;
        // A rule that backtracks takes minutes on these, and the test its time-out.
        const found = [...line.matchAll(regExp)].length;
        assert.ok(found <= line.length, `${match} on ${unit}: ${found}`);
      }
    }
  });
});
