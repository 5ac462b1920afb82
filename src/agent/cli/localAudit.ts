import { userInfo } from 'node:os';
import { AuditLog, type AuditRecord, type LocalAction } from '../audit/auditLog';
import type { StateFolder } from '../state/stateFolder';

const OPTIONS = { maxBytes: 10_000_000, maxOldFiles: 9 };

/** What a local action was done to. */
type Subject = Pick<AuditRecord, 'tokenId' | 'tokenName' | 'role'>;

/**
 * Does something on the agent's machine that is in the audit log, before it is done as `begun` and then with its result.
 * Where it can't be written down it is not done.
 *
 * @param about what is known of the subject before
 * @param run does it, and tells what it was done to; `undefined` if there was nothing to do it to
 */
export async function withLocalAudit<Result>(
  state: StateFolder,
  action: LocalAction,
  about: Subject,
  run: () => Promise<{ readonly result: Result; readonly subject?: Subject } | undefined>,
): Promise<Result | undefined> {
  const audit = await AuditLog.open(
    state.localAuditFile,
    OPTIONS,
    () => new Date(),
    () => undefined,
  );
  const base = { action, ...about, details: { user: userName() } };
  try {
    await audit.require({ ...base, result: 'begun' });
    const done = await run();
    await audit.require({ ...base, ...done?.subject, result: done ? 'done' : 'failed' });
    return done?.result;
  } catch (error) {
    audit.note({ ...base, result: 'failed' });
    throw error;
  } finally {
    await audit.close();
  }
}

/** Whoever runs the command, as the system knows them; a container's user may have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
