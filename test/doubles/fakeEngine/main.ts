/**
 * The fake engine as a process of its own:
 * node --import tsx test/doubles/fakeEngine/main.ts --socket PATH [--personality 29] [--demo] [--running N] [--stopped N]
 */
import { parseArgs } from 'node:util';
import { startDemo } from './demo';
import { FakeEngine } from './fakeEngine';
import { isPersonalityName, PERSONALITIES } from './personalities';

const USAGE = `Usage: node --import tsx test/doubles/fakeEngine/main.ts [options]
  --socket PATH        unix socket to listen on (default: a new temporary one)
  --port N             listen on 127.0.0.1:N instead; 0 takes a free port
  --personality NAME   ${Object.keys(PERSONALITIES).join(', ')} (default 29)
  --demo               a compose project and some single containers that keep logging
  --running N          adds N running containers
  --stopped N          adds N stopped containers
  --seed N             seed of ids and faults (default 1)
  --help               shows this
Prints one line with the address when it is ready. Ctrl-C and SIGTERM end it and remove its socket.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      socket: { type: 'string' },
      port: { type: 'string' },
      personality: { type: 'string', default: '29' },
      demo: { type: 'boolean', default: false },
      running: { type: 'string', default: '0' },
      stopped: { type: 'string', default: '0' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const { personality } = values;
  if (!isPersonalityName(personality)) throw new Error(`unknown personality ${personality}`);
  const engine = new FakeEngine({
    personality,
    seed: wholeNumber('--seed', values.seed),
    ...(values.socket !== undefined && { socketPath: values.socket }),
    ...(values.port !== undefined && { tcpPort: wholeNumber('--port', values.port) }),
  });
  engine.bulkStopped(wholeNumber('--stopped', values.stopped));
  engine.bulkRunning(wholeNumber('--running', values.running));
  await engine.listen();
  const demo = values.demo ? startDemo(engine) : undefined;
  const stop = (): void => {
    demo?.stop();
    void engine.dispose();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  console.log(`Fake engine ${engine.personality.serverHeader} listens: DOCKER_HOST=${engine.dockerHost}`);
}

function wholeNumber(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new Error(`${option} needs a whole number, not ${text}`);
  return number;
}

main().catch((error: unknown) => {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
});
