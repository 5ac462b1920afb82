import { setFlagsFromString } from 'node:v8';
import { version } from '../../package.json';
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
}).then((exitCode) => {
  process.exitCode = exitCode;
});
