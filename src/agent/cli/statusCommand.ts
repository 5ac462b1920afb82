import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getTls } from 'node:https';
import { TLSSocket } from 'node:tls';
import type { Command } from 'commander';
import { messageOf } from '../../base/errors';
import { HEALTH_PATH } from '../../protocol/limits';
import { readRunning, type RunningAgentInfo } from '../serve/running';
import { publicKeyFingerprint } from '../tls/certificate';
import { EXIT_CODES } from './exitCodes';
import type { CliIo } from './io';
import { STATE_FLAG, STATE_HELP, stateFolder } from './stateOption';

const DEADLINE_MS = 5_000;
const MAX_ANSWER_LENGTH = 10_000;

interface Answer {
  readonly status: string;
  readonly engine?: string;
  readonly uptimeSeconds?: number;
  readonly connections?: number;
}

/** @param exit receives the exit code */
export function registerStatusCommand(program: Command, io: CliIo, exit: (code: number) => void): void {
  program
    .command('status')
    .description('say whether the agent is running, by asking its health endpoint')
    .option(STATE_FLAG, STATE_HELP)
    .option('--json', 'print JSON')
    .action(async (options: { state?: string; json?: true }) => {
      const state = stateFolder(options.state, io);
      await state.requireIdentity();
      const running = await readRunning(state.runningFile);
      if (running === undefined) {
        io.out(options.json ? JSON.stringify({ status: 'notRunning' }) : 'The agent is not running.');
        exit(EXIT_CODES.notRunning);
        return;
      }
      const answer = await askHealth(running).catch((error: unknown) => messageOf(error));
      io.out(options.json ? jsonOf(running, answer) : describe(running, answer));
      if (typeof answer === 'string' || answer.status !== 'ok' || answer.engine === 'away')
        exit(EXIT_CODES.degraded);
    });
}

function jsonOf(
  { pid, version, host, port, security, startedAt }: RunningAgentInfo,
  answer: Answer | string,
): string {
  const health = typeof answer === 'string' ? { status: 'noAnswer', message: answer } : answer;
  return JSON.stringify({ ...health, pid, version, host, port, security, startedAt });
}

function describe(
  { pid, version, host, port, startedAt }: RunningAgentInfo,
  answer: Answer | string,
): string {
  const process = `Version ${version}, process ${pid}, on ${host}, port ${port}, since ${startedAt}.`;
  if (typeof answer === 'string') return `The agent is running but does not answer: ${answer}\n${process}`;
  if (answer.status !== 'ok') return `The agent is shutting down.\n${process}`;
  const engine = ENGINE_WORDS[answer.engine ?? ''] ?? `The engine is ${answer.engine ?? 'unknown'}.`;
  return `The agent is running, with ${answer.connections ?? 0} connections. ${engine}\n${process}`;
}

const ENGINE_WORDS: Readonly<Record<string, string>> = {
  ready: 'The engine answers.',
  away: 'The engine does not answer.',
  idle: 'The engine is not asked for anything while nobody is connected.',
};

/** Asks the agent on this machine. Only its own certificate is believed, whatever names are in it. */
function askHealth(running: RunningAgentInfo): Promise<Answer> {
  const { port, security, fingerprint } = running;
  const options = {
    host: reachable(running.host),
    port,
    path: HEALTH_PATH,
    timeout: DEADLINE_MS,
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const take = (response: IncomingMessage): void => {
      if (security !== 'plain' && fingerprintOf(response) !== fingerprint) {
        response.destroy();
        reject(new Error('something else answers at its address.'));
        return;
      }
      readAnswer(response).then(resolve, reject);
    };
    const request =
      security === 'plain'
        ? getPlain(options, take)
        : // The certificate is compared with the agent's own below, and nothing secret is sent.
          getTls({ ...options, rejectUnauthorized: false }, take);
    request.on('timeout', () => request.destroy(new Error('it took too long.')));
    request.on('error', reject);
  });
}

function fingerprintOf({ socket }: IncomingMessage): string | undefined {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  return certificate && publicKeyFingerprint(certificate);
}

/** Where to reach an agent that listens on all addresses. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  response.setEncoding('utf8');
  let text = '';
  for await (const part of response) {
    text += String(part);
    if (text.length > MAX_ANSWER_LENGTH) throw new Error('its answer makes no sense.');
  }
  const value: unknown = JSON.parse(text);
  if (
    typeof value !== 'object' ||
    value === null ||
    !('status' in value) ||
    typeof value.status !== 'string'
  ) {
    throw new Error('its answer makes no sense.');
  }
  return value as Answer;
}
