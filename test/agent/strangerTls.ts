/** PROTOCOL.md, sections 1 and 2: the certificate is checked before a byte of HTTP is sent. From that page alone. */
import { createHash, X509Certificate } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import type { StrangerLink } from './strangerKeys';

const MAX_AGENT_MESSAGE_BYTES = 17_825_792;

/** A WebSocket to the agent whose certificate the link names. */
export async function openPinned(link: StrangerLink): Promise<WebSocket> {
  const tls = await pinnedSocket(link);
  return new WebSocket(`wss://${link.authority}/ws/agent`, ['quaywatch.v1'], {
    createConnection: () => tls,
    headers: { authorization: `Bearer ${link.tokenId}` },
    perMessageDeflate: false,
    maxPayload: MAX_AGENT_MESSAGE_BYTES,
  });
}

/** Encrypted, with the pinned key on the other side; nothing was written on it yet. */
async function pinnedSocket({ host, port, key }: StrangerLink): Promise<TLSSocket> {
  // Whoever signed the certificate and whatever it states: the key alone counts.
  const socket = connect({ host, port, rejectUnauthorized: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  const { publicKey } = new X509Certificate(socket.getPeerCertificate().raw);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const seen = createHash('sha256').update(spki).digest('base64url');
  if (seen === key) return socket;
  socket.destroy();
  throw new Error(`Another certificate: ${seen}`);
}
