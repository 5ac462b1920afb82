import * as v from 'valibot';
import { StateError } from '../state/stateError';
import type { CommandEntry, CommandOutcome, CommandTable } from './commandTable';

const HELP =
  'Move the file aside to go on; commands of the last day that clients repeat could then run a second time';

const intentSchema = v.object({
  tokenId: v.string(),
  commandId: v.string(),
  digest: v.string(),
  command: v.unknown(),
  atMs: v.number(),
});

const outcomeSchema = v.variant('status', [
  v.object({ status: v.literal('done'), result: v.exactOptional(v.record(v.string(), v.unknown())) }),
  v.object({
    status: v.literal('failed'),
    error: v.object({ code: v.string(), message: v.string(), retryAfterMs: v.exactOptional(v.number()) }),
  }),
  v.object({
    status: v.literal('unknown'),
    reconciled: v.picklist(['done', 'notDone', 'undetermined']),
    message: v.string(),
  }),
]);

const recordSchema = v.union([
  v.object({ intent: intentSchema }),
  v.object({ outcome: outcomeSchema, tokenId: v.string(), commandId: v.string() }),
]);

/** A line that says that a command is about to run. */
export function intentLine({ tokenId, commandId, digest, command, atMs }: CommandEntry): string {
  return JSON.stringify({ intent: { tokenId, commandId, digest, command, atMs } });
}

/** A line that says what came of it. */
export function outcomeLine({ tokenId, commandId }: CommandEntry, outcome: CommandOutcome): string {
  return JSON.stringify({ tokenId, commandId, outcome });
}

/** All lines that make the table what it is. */
export function tableText(table: CommandTable): string {
  const lines = [...table.all].flatMap((entry) =>
    entry.outcome === undefined
      ? [intentLine(entry)]
      : [intentLine(entry), outcomeLine(entry, entry.outcome)],
  );
  return lines.map((line) => `${line}\n`).join('');
}

/**
 * Puts what the lines say into the table, and returns how many there were. Throws a {@link StateError} that names the line
 * that makes no sense.
 */
export function readRecords(path: string, text: string, table: CommandTable): number {
  const lines = text.split('\n').slice(0, -1);
  for (const [index, line] of lines.entries()) {
    const record = v.safeParse(recordSchema, parse(line));
    if (!record.success) throw new StateError(path, `line ${index + 1} makes no sense`, HELP);
    if ('intent' in record.output) table.add(record.output.intent);
    else table.settle(record.output, record.output.outcome);
  }
  return lines.length;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
