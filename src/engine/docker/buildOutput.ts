import type { Readable } from 'node:stream';
import { LineSplitter } from '../../model/ndjson';
import { BuildFailedError, type BuildOutput, type LayerProgress } from '../deployEngine';
import { EngineError } from '../engine';
import { asFields, asNumber, asText, type Fields } from './fields';
import { decodeUtf8 } from './utf8';

/**
 * Reads the answer of `POST /build` to its end: JSON values, of which one says that the build failed although the status
 * was 200. Resolves with the id of the image, if one was told.
 */
export async function readBuildOutput(stream: Readable, output: BuildOutput): Promise<string | undefined> {
  let imageId: string | undefined;
  await eachValue(stream, 'build', (fields) => {
    throwFailure(fields);
    imageId = asText(asFields(fields['aux'])?.['ID']) ?? imageId;
    const text = asText(fields['stream']) ?? pullText(fields);
    if (text !== undefined && text !== '') output(text);
  });
  return imageId;
}

/** Reads the answer of `POST /images/create` to its end. */
export async function readPullOutput(
  stream: Readable,
  progress: (progress: LayerProgress) => void,
): Promise<void> {
  await eachValue(stream, 'pull', (fields) => {
    const failure = failureOf(fields);
    if (failure) throw new EngineError('badRequest', failure.message);
    const status = asText(fields['status']);
    if (status === undefined) return;
    const detail = asFields(fields['progressDetail']);
    const currentBytes = asNumber(detail?.['current']);
    const totalBytes = asNumber(detail?.['total']);
    progress({
      layer: asText(fields['id']) ?? '',
      status,
      ...(currentBytes !== undefined && { currentBytes }),
      ...(totalBytes !== undefined && { totalBytes }),
    });
  });
}

async function eachValue(stream: Readable, what: string, take: (fields: Fields) => void): Promise<void> {
  const splitter = new LineSplitter((text) => {
    const fields = asFields(parse(text, what));
    if (fields) take(fields);
  }, decodeUtf8);
  for await (const chunk of stream as AsyncIterable<Buffer>) splitter.push(chunk);
  splitter.push(Buffer.from('\n'));
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new EngineError('badResponse', `The engine's account of the ${what} is no JSON.`, { cause });
  }
}

/** A base image being pulled: only what happens once for each layer. */
function pullText(fields: Fields): string | undefined {
  const status = asText(fields['status']);
  if (status === undefined || asFields(fields['progressDetail'])?.['total'] !== undefined) return undefined;
  const id = asText(fields['id']);
  return `${id === undefined ? '' : `${id}: `}${status}\n`;
}

function throwFailure(fields: Fields): void {
  const failure = failureOf(fields);
  if (failure) throw new BuildFailedError(failure.message, failure.code);
}

function failureOf(fields: Fields): { readonly message: string; readonly code?: number } | undefined {
  const detail = asFields(fields['errorDetail']);
  const message = asText(detail?.['message']) ?? asText(fields['error']);
  if (message === undefined) return undefined;
  const code = asNumber(detail?.['code']);
  return { message: message.trim(), ...(code !== undefined && { code }) };
}
