import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { HTTP_REFUSALS, type HttpRefusalName } from '../../protocol/closeCodes';
import { SUBPROTOCOLS } from '../../protocol/limits';

const MS_PER_SECOND = 1_000;

/** An upgrade that is refused by HTTP. */
export class UpgradeRefusal extends Error {
  override readonly name = 'UpgradeRefusal';

  constructor(
    readonly reason: HttpRefusalName,
    message: string,
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** Answers a request for an upgrade and closes its connection. */
export function refuseUpgrade(socket: Duplex, { reason, message, retryAfterMs }: UpgradeRefusal): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status } = HTTP_REFUSALS[reason];
  const body = JSON.stringify({
    error: { code: reason, message },
    ...(reason === 'versionMismatch' && { versions: SUBPROTOCOLS }),
  });
  const headers = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    ...(retryAfterMs === undefined ? [] : [`Retry-After: ${Math.ceil(retryAfterMs / MS_PER_SECOND)}`]),
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(`${headers.join('\r\n')}\r\n\r\n${body}`);
}
