import { readFile, stat } from 'node:fs/promises';
import * as v from 'valibot';
import { asStateError, StateError, systemErrorCode } from './stateError';

/** Bits that let the group or others at a file. */
const OTHERS_BITS = 0o077;

/** A text file of the state, or `undefined` if there is none; rejects with {@link StateError}. */
export async function readPrivateText(path: string): Promise<string | undefined> {
  try {
    await refuseOpenFile(path);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw asStateError(path, error);
  }
}

/** A JSON file of the state that is as `schema` says, or `undefined` if there is none; rejects with {@link StateError}. */
export async function readJson<Schema extends v.GenericSchema>(
  path: string,
  schema: Schema,
  help: string,
): Promise<v.InferOutput<Schema> | undefined> {
  const text = await readPrivateText(path);
  return text === undefined ? undefined : parseJson(path, text, schema, help);
}

function parseJson<Schema extends v.GenericSchema>(
  path: string,
  text: string,
  schema: Schema,
  help: string,
): v.InferOutput<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The parser's own words quote the text, which may hold a key.
    throw new StateError(path, 'it is not valid JSON', help, { cause: (error as Error).name });
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = v.getDotPath(issue);
  throw new StateError(path, `"${place ?? 'the document'}" is missing or wrong`, help);
}

/** Secrets that others can read are none any more; who made them readable should know. */
async function refuseOpenFile(path: string): Promise<void> {
  const { mode } = await stat(path);
  if (process.platform === 'win32' || (mode & OTHERS_BITS) === 0) return;
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  throw new StateError(path, `other users can get at it (mode ${shown})`, `Run: chmod 600 "${path}"`);
}
