import type { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import { ChunkJoiner } from './chunkJoiner';

/** Makes an agent of whose connections the answers come with their chunks joined. */
export function joiningChunks<Kind extends Agent>(agent: Kind): Kind {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const connection = connect(options, callback);
    if (connection) joinReceived(connection);
    return connection;
  };
  return agent;
}

/** What is received comes in through `push`, whatever kind of connection it is. */
function joinReceived(connection: Duplex): void {
  const joiner = new ChunkJoiner();
  const push = connection.push.bind(connection);
  connection.push = (received: unknown, encoding) =>
    push(Buffer.isBuffer(received) ? joiner.push(received) : received, encoding);
}
