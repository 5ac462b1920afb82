import type { AttachSockets } from './context';

/** Refuses every upgrade: the protocol's server takes its place. */
export const attachSockets: AttachSockets = (server) => {
  server.on('upgrade', (_request, socket) =>
    socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n'),
  );
  return { stop: () => Promise.resolve() };
};
