import { Command, CommanderError } from 'commander';
import { messageOf } from '../../base/errors';
import { ConfigError } from '../config/readSetting';
import { ListenError } from '../serve/httpServer';
import { StateError } from '../state/stateError';
import { registerDeployCommand } from './deploy/deployCommand';
import { EXIT_CODE_HELP, EXIT_CODES } from './exitCodes';
import { UsageError, type CliIo } from './io';
import { registerPairCommands } from './pairCommands';
import { registerServeCommand } from './serveCommand';
import { registerStatusCommand } from './statusCommand';
import { registerTokenCommands } from './tokenCommands';

/** Runs one command to its end and returns the exit code; {@link EXIT_CODES}. Never rejects. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  let exitCode: number = EXIT_CODES.ok;
  const program = createProgram(io, (code) => (exitCode = code));
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, io);
  }
}

function createProgram(io: CliIo, exit: (code: number) => void): Command {
  const program = new Command('quaywatch-agent')
    .description(
      'Serves the Docker engine of this machine to Quaywatch in VS Code, over one encrypted WebSocket.',
    )
    .version(io.version, '-V, --version', 'print the version')
    .addHelpText('after', EXIT_CODE_HELP)
    .showHelpAfterError('Add --help to see what there is.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(trimEnd(text)),
      writeErr: (text) => io.err(trimEnd(text)),
    });
  // Subcommands take over what was configured before they are added.
  registerPairCommands(program, io);
  registerServeCommand(program, io);
  registerTokenCommands(program, io);
  registerStatusCommand(program, io, exit);
  registerDeployCommand(program, io, exit);
  return program;
}

function trimEnd(text: string): string {
  return text.replace(/\n$/, '');
}

function report(error: unknown, io: CliIo): number {
  // Commander has printed its own already; help and version come as errors, too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
  io.err(`error: ${messageOf(error)}`);
  if (error instanceof ConfigError || error instanceof UsageError) return EXIT_CODES.usage;
  if (error instanceof StateError) return EXIT_CODES.state;
  if (error instanceof ListenError) return EXIT_CODES.listen;
  if (error instanceof Error && error.stack !== undefined) io.err(error.stack);
  return EXIT_CODES.failure;
}
