import * as http from 'node:http';
import * as https from 'node:https';
import { EngineError } from '../engine';
import type { Transport } from './transport';

/** More than any answer this is used for; what exceeds it is no engine. */
const LONGEST_BODY_BYTES = 1_048_576;

export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** One small GET, for what docker-modem hides: headers. Rejects with what Node threw, or with a `badResponse`. */
export function httpGet(transport: Transport, path: string, signal: AbortSignal): Promise<HttpAnswer> {
  const { request } = transport.protocol === 'https' ? https : http;
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...transport.target, path, agent: transport.agent, signal }, (response) => {
      readBody(response).then((body) => {
        resolve({ statusCode: response.statusCode ?? 0, headers: response.headers, body });
      }, reject);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

async function readBody(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let lengthBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    lengthBytes += chunk.length;
    if (lengthBytes > LONGEST_BODY_BYTES)
      throw new EngineError('badResponse', 'The answer is longer than any an engine gives.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
