import { version } from '../../package.json';
import { runCli } from './cli/program';

/** Every file that the agent makes is its user's alone, also those that a library makes. */
const PRIVATE_UMASK = 0o077;

process.umask(PRIVATE_UMASK);
void runCli(process.argv.slice(2), {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  env: process.env,
  version,
}).then((exitCode) => {
  process.exitCode = exitCode;
});
