import { AgentServer } from '../server/agentServer';
import type { AttachSockets } from './context';

/** Serves the protocol and the plain endpoints on a server. */
export const attachSockets: AttachSockets = (server, context) => new AgentServer(server, context);
