import type { IncomingMessage, ServerResponse } from 'node:http';
import { HTTP_REFUSALS } from '../../../protocol/closeCodes';
import type { WireError } from '../../../protocol/errorCodes';
import { LIMITS } from '../../../protocol/limits';
import { decodeUtf8 } from '../../../protocol/utf8';
import type { UpgradeRefusal } from '../refusal';

const INTERNAL = 500;
const UNAVAILABLE = 503;

/** The HTTP status of an error's code; the table of PROTOCOL.md's chapter 14. What it does not name keeps the engine away. */
const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  badRequest: 400,
  unauthorized: 401,
  forbidden: 403,
  noSuchDeployment: 404,
  noSuchContainer: 404,
  conflict: 409,
  commandIdReused: 409,
  outcomeUnknown: 409,
  tooLarge: 413,
  rateLimited: 429,
  tooManyCommands: 429,
  notSupported: 501,
  internal: INTERNAL,
};

/** A request that is answered with an error. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';

  constructor(
    readonly status: number,
    readonly error: WireError,
  ) {
    super(error.message);
  }

  static of({ reason, message, retryAfterMs }: UpgradeRefusal): HttpRefusal {
    const error = { code: reason, message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
    return new HttpRefusal(HTTP_REFUSALS[reason].status, error);
  }
}

export function refusalOf(error: WireError): HttpRefusal {
  return new HttpRefusal(STATUS_BY_CODE[error.code] ?? UNAVAILABLE, error);
}

/** The body as text; rejects with HttpRefusal. The server's own deadline for requests ends one that never comes. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LIMITS.maxDeploymentRequestBytes)
      throw new HttpRefusal(413, { code: 'tooLarge', message: 'The body is over the size limit.' });
    chunks.push(chunk);
  }
  const text = decodeUtf8(Buffer.concat(chunks));
  if (text !== undefined) return text;
  throw new HttpRefusal(400, { code: 'badRequest', message: 'The body is no UTF-8.' });
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(text);
}
