import assert from 'node:assert/strict';
import { MAX_JSON_LINE_LENGTH, readJsonLine, type JsonLineOptions } from '../../src/model/logJson';
import { JsonMembers } from '../../src/model/logJsonMembers';
import { seededRandom } from '../support/random';

const shown = (text: string, options?: JsonLineOptions): string | undefined =>
  readJsonLine(text, options)?.text;

describe('readJsonLine', () => {
  const cases: readonly (readonly [name: string, line: string, text: string])[] = [
    ['level and message', '{"level":"info","msg":"started"}', 'INFO started'],
    ['the fixed order', '{"b":1,"message":"m","a":2,"logger":"l","level":"warn"}', 'WARN l: m b=1 a=2'],
    ['numbers for levels', '{"level":50,"name":"app","msg":"x","pid":7}', 'ERROR x name=app pid=7'],
    ['words that say more', '{"severity":"NOTICE","message":"x"}', 'NOTICE x'],
    ['letters for levels', '{"s":"I","c":"NETWORK","msg":"x"}', 'INFO x c=NETWORK'],
    ['an event without message', '{"a":1,"event":"login","b":2}', 'login a=1 b=2'],
    ['an event beside a message', '{"event":"login","message":"x"}', 'x event=login'],
    [
      'a template without message',
      '{"@t":"2026-11-21T07:38:14Z","@mt":"Hi {N}"}',
      'Hi {N} @t=2026-11-21T07:38:14Z',
    ],
    ['a level in an object', '{"log":{"level":"error","logger":"a"},"message":"x"}', 'ERROR x'],
    ['a logger without message', '{"level":"info","logger":"a","x":1}', 'INFO a x=1'],
    ['no level', '{"message":"x","y":true}', 'x y=true'],
    ['nothing', '{}', ''],
    ['only other members', '{"a":null,"b":[]}', 'a=null b=[]'],
    ['what is no level', '{"level":"high","msg":"x"}', 'x level=high'],
    ['a second level', '{"level":"info","severity":"warn","msg":"x"}', 'INFO x severity=warn'],
    ['a second message', '{"msg":"x","message":"y"}', 'x message=y'],
    ['a message that is no text', '{"msg":{"a":1},"message":"y"}', 'y msg={"a":1}'],
    [
      'values that need quotes',
      '{"msg":"x","a":"b c","d":"","e":"f=g","h":"\\"q\\""}',
      'x a="b c" d="" e="f=g" h="\\"q\\""',
    ],
    [
      'texts that look like other values',
      '{"a":"1","b":"true","c":"{}","d":"-","e":"1.2.3"}',
      'a="1" b="true" c="{}" d="-" e=1.2.3',
    ],
    [
      'nested values without blanks',
      '{"a": {"b" : [1, "x y", {"c": null}]} }',
      'a={"b":[1,"x y",{"c":null}]}',
    ],
    [
      'numbers as they are written',
      '{"id":12345678901234567890,"f":1.10,"e":1E5}',
      'id=12345678901234567890 f=1.10 e=1E5',
    ],
    ['numbers in nested values', '{"a":{"id":12345678901234567890}}', 'a={"id":12345678901234567890}'],
    ['keys that need quotes', '{"a b":1,"c=d":2,"@x":3}', '"a b"=1 "c=d"=2 @x=3'],
    ['escapes in keys', '{"\\u006dsg":"x","l\\u0065vel":1}', 'x level=1'],
    ['line endings in a message', '{"msg":"a\\nb\\tc"}', 'a\\nb\\tc'],
    [
      'other scripts',
      '{"msg":"Grüße 🚢","ort":"Köln","leer":"a\u00a0b"}',
      'Grüße 🚢 ort=Köln leer="a\u00a0b"',
    ],
    [
      'a key that objects have by nature',
      '{"__proto__":{"level":"error"},"msg":"x"}',
      'x __proto__={"level":"error"}',
    ],
    ['blanks around', '  {"msg" : "x"}  ', 'x'],
    ['the same key twice', '{"a":1,"a":2}', 'a=1 a=2'],
  ];
  for (const [name, line, text] of cases) {
    it(`shows ${name}`, () => assert.equal(shown(line), text));
  }

  it('tells the level', () => {
    assert.equal(readJsonLine('{"level":40}')?.level, 'warn');
    assert.equal(readJsonLine('{"a":40}')?.level, undefined);
  });

  for (const line of [
    '',
    'plain',
    '{',
    '{"a":1',
    '{"a":1} x',
    '[1]',
    '"a"',
    '{a:1}',
    '{"a":1}{"b":2}',
    'x {"a":1}',
    '{"a":01}',
  ]) {
    it(`leaves ${line === '' ? 'an empty line' : line} as it is`, () =>
      assert.equal(readJsonLine(line), undefined));
  }

  it('leaves a very long line as it is', () => {
    assert.equal(shown(JSON.stringify({ a: 'x'.repeat(MAX_JSON_LINE_LENGTH) })), undefined);
  });

  const timestamp = '2026-11-21T07:38:14.123456789Z';
  const times: readonly (readonly [time: string, isSame: boolean])[] = [
    ['"2026-11-21T07:38:14.999Z"', true],
    ['"2026-11-21T08:38:14+01:00"', true],
    ['"2026-11-21T07:38:15.000Z"', false],
    ['"07:38:14"', false],
    ['1795246694', true],
    ['1795246694.7', true],
    ['1795246694123', true],
    ['1795246694123456', true],
    ['1795246694123456789', true],
    ['1795246695', false],
    ['0', false],
    ['{"$date":"2026-11-21T07:38:14.123Z"}', false],
  ];
  for (const [time, isSame] of times) {
    it(`${isSame ? 'leaves out' : 'keeps'} the time ${time}`, () => {
      const line = `{"time":${time},"msg":"x"}`;
      assert.equal(shown(line, { timestamp }) === 'x', isSame);
      assert.equal(shown(line, { dropTime: true }), 'x');
      assert.match(shown(line) ?? '', /^x time=/);
    });
  }

  for (const [name, line, text] of [
    [
      'a time as it is written',
      '{"msg":"x","ts":"2026-11-21T08:38:14+01:00"}',
      '2026-11-21T08:38:14+01:00 x',
    ],
    ['a time of the day', '{"level":"info","time":"09:38:14,123","msg":"x"}', '09:38:14,123 INFO x'],
    ['the first of two times', '{"ts":"09:38:14","time":"09:38:15","msg":"x"}', '09:38:14 x time=09:38:15'],
    ['no duration', '{"time":12.5,"msg":"x"}', 'x time=12.5'],
    ['no words', '{"date":"today","msg":"x"}', 'x date=today'],
    [
      'no object',
      '{"t":{"$date":"2026-11-21T07:38:14.123Z"},"msg":"x"}',
      'x t={"$date":"2026-11-21T07:38:14.123Z"}',
    ],
  ] as const) {
    it(`begins with the time when asked to: ${name}`, () =>
      assert.equal(shown(line, { leadTime: true }), text));
  }

  it('begins with a time that is a number, in local time', () => {
    const atMs = new Date(2026, 10, 21, 9, 38, 14, 123).getTime();
    for (const time of [atMs, atMs * 1_000, atMs / 1_000, `${atMs}000000`]) {
      const line = `{"level":30,"time":${time},"msg":"x"}`;
      assert.equal(shown(line, { leadTime: true }), '2026-11-21 09:38:14.123 INFO x');
    }
  });

  it('hands a stack trace over as lines', () => {
    const stack = 'Error: boom\n    at run (/app/x.js:1:2)\n    at main (/app/x.js:3:4)\n';
    const lines = ['Error: boom', '    at run (/app/x.js:1:2)', '    at main (/app/x.js:3:4)'];
    const flat = readJsonLine(JSON.stringify({ level: 'error', msg: 'failed', stack }));
    assert.deepEqual(flat, { text: 'ERROR failed', level: 'error', trace: lines });
    const nested = readJsonLine(
      JSON.stringify({ level: 50, err: { type: 'Error', message: 'boom', stack }, msg: 'failed' }),
    );
    assert.deepEqual(nested?.trace, lines);
    assert.equal(nested.text, 'ERROR failed err={"type":"Error","message":"boom"}');
    assert.equal(shown('{"stack":"web","msg":"x"}'), 'x stack=web', 'what spans no lines is no trace');
  });

  it('bounds a stack trace and says by how much', () => {
    const stack = Array.from({ length: 500 }, (_, index) => `at ${index}`).join('\n');
    const trace = readJsonLine(JSON.stringify({ stack }))?.trace ?? [];
    assert.deepEqual([trace.length, trace.at(-1)], [201, '… 300 more']);
  });

  it('bounds the text, between characters', () => {
    const line = JSON.stringify({ msg: '🚢'.repeat(100) });
    for (let maxLength = 1; maxLength < 30; maxLength++) {
      const text = shown(line, { maxLength }) ?? '';
      assert.ok(text.length <= maxLength && text.endsWith('…'));
      assert.ok(!/[\ud800-\udfff]/u.test(text));
    }
    assert.equal(shown(line, { maxLength: 200 })?.length, 200);
    assert.ok((shown(JSON.stringify({ a: 'x y'.repeat(5_000) })) ?? '').length <= 1_002);
    assert.ok((shown(JSON.stringify({ msg: 'x'.repeat(50_000) })) ?? '').length <= 4_000);
  });

  it('does not fail on deep nesting', () => {
    const deep = `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    assert.match(shown(deep) ?? '', /^a=\[/);
  });
});

function randomValue(random: () => number, depth: number): unknown {
  const kind = Math.floor(random() * (depth > 0 ? 7 : 5));
  const string = (): string =>
    Array.from({ length: Math.floor(random() * 6) }, () =>
      'ab "\\\n{}[]:,🚢=\u0001'.charAt(Math.floor(random() * 16)),
    ).join('');
  if (kind === 0) return Math.floor(random() * 1000) / 10;
  if (kind === 1) return random() < 0.5;
  if (kind === 2) return null;
  if (kind < 5) return string();
  const length = Math.floor(random() * 4);
  if (kind === 5) return Array.from({ length }, () => randomValue(random, depth - 1));
  return Object.fromEntries(Array.from({ length }, () => [string(), randomValue(random, depth - 1)]));
}

describe('JsonMembers', () => {
  it('finds the members that JSON.parse does (3,000 random objects)', () => {
    const random = seededRandom(21);
    for (let round = 0; round < 3_000; round++) {
      const object = Object.fromEntries(
        Array.from({ length: Math.floor(random() * 5) }, (_, index) => [
          `k${index}"\\`,
          randomValue(random, 3),
        ]),
      );
      const text = JSON.stringify(object, undefined, random() < 0.3 ? 1 : 0);
      const members = new JsonMembers(text, 0);
      const found: [unknown, unknown][] = [];
      while (members.next()) found.push([JSON.parse(`"${members.key}"`), JSON.parse(members.value)]);
      assert.deepEqual(found, Object.entries(object), text);
    }
  });

  it('ends on text that is no JSON', () => {
    const random = seededRandom(22);
    for (let round = 0; round < 20_000; round++) {
      const text = Array.from({ length: 12 }, () => '{}[]":,\\a 1'.charAt(Math.floor(random() * 11))).join(
        '',
      );
      const members = new JsonMembers(`{${text}`, 0);
      let count = 0;
      while (members.next()) assert.ok(++count < 20);
    }
  });
});
