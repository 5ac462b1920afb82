import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { readDeployFile } from '../../src/model/deployFile';
import { FORMS } from '../../src/model/deployFileForms';
import { BAD_APPS, BAD_FILES, BAD_TO_PARSER_ONLY, GOOD_APPS } from './deployFileSamples';

const root = path.resolve(__dirname, '../..');
const text = readFileSync(path.join(root, 'media/quaywatch.schema.json'), 'utf8');

/** An object of the schema, and where it is. */
interface Place {
  readonly path: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

function placesIn(value: unknown, place = ''): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = Array.isArray(value) ? [] : [{ path: place, schema: value as Place['schema'] }];
  return [...own, ...Object.entries(value).flatMap(([name, one]) => placesIn(one, `${place}/${name}`))];
}

describe('the schema of quaywatch.json', () => {
  const schema = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const isValid = new Ajv({ strict: false, unicodeRegExp: true }).compile(schema);
  const parserTakes = (content: unknown): boolean => readDeployFile(content).problems.length === 0;
  const both = (content: unknown): [boolean, boolean] => [isValid(content), parserTakes(content)];

  it('agrees with the parser on what is good and what is bad', () => {
    const inFile = (app: unknown): unknown => ({ apps: { web: app } });
    for (const app of GOOD_APPS) assert.deepEqual(both(inFile(app)), [true, true], JSON.stringify(app));
    for (const { app } of BAD_APPS) assert.deepEqual(both(inFile(app)), [false, false], JSON.stringify(app));
    for (const file of BAD_FILES) assert.deepEqual(both(file), [false, false], JSON.stringify(file));
    assert.deepEqual(both(inFile(BAD_TO_PARSER_ONLY.app)), [true, false]);
  });

  it('has no pattern of its own', () => {
    const forms: readonly string[] = Object.values(FORMS);
    const patterns = placesIn(schema).flatMap(({ schema: { pattern } }) =>
      typeof pattern === 'string' ? [pattern] : [],
    );
    assert.deepEqual(
      patterns.filter((pattern) => !forms.includes(pattern)),
      [],
    );
    assert.deepEqual(
      forms.filter((form) => !patterns.includes(form)),
      [],
    );
  });

  it('describes every member, for completion', () => {
    const members = placesIn(schema).filter(({ path: place }) => /\/properties\/[^/]+$/.test(place));
    const isInCondition = ({ path: place }: Place): boolean => place.includes('/if/');
    const silent = members.filter(
      (place) =>
        !isInCondition(place) && place.path !== '/properties/$schema' && !place.schema['markdownDescription'],
    );
    assert.deepEqual(
      silent.map(({ path: place }) => place),
      [],
    );
  });

  it('is contributed for files of that name, and packaged', () => {
    const { contributes } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      readonly contributes: { readonly jsonValidation: unknown };
    };
    assert.deepEqual(contributes.jsonValidation, [
      { fileMatch: 'quaywatch.json', url: './media/quaywatch.schema.json' },
    ]);
    assert.match(
      readFileSync(path.join(root, '.vscodeignore'), 'utf8'),
      /^!media\/quaywatch\.schema\.json$/m,
    );
  });
});
