import { setFlagsFromString } from 'node:v8';
import { version } from '../../package.json';
import { toDisposable } from '../base/lifecycle';
import type { CliTerminal } from './cli/io';
import { runCli } from './cli/program';

/** Every file that the agent makes is its user's alone, also those that a library makes. */
const PRIVATE_UMASK = 0o077;

// Most of what the agent allocates lives for milliseconds: under load this halves its memory, and costs next to no speed.
setFlagsFromString('--optimize-for-size');
process.umask(PRIVATE_UMASK);
void runCli(process.argv.slice(2), {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  env: process.env,
  version,
  ...(process.stderr.isTTY && { terminal: terminal() }),
  onInterrupt: (listener) => {
    process.on('SIGINT', listener);
    return toDisposable(() => process.off('SIGINT', listener));
  },
}).then((exitCode) => {
  process.exitCode = exitCode;
  // Once all has been written and closed: left to itself, Node 20 now and then never gets through its own cleaning up.
  process.once('beforeExit', () => process.exit());
});

function terminal(): CliTerminal {
  return {
    get columns() {
      return process.stderr.columns;
    },
    write: (text) => process.stderr.write(text),
  };
}
