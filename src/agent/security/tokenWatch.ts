import { watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Clock } from '../../base/clock';
import { Emitter } from '../../base/emitter';
import { DisposableStore, toDisposable, type Disposable } from '../../base/lifecycle';
import { isExpired, type StoredToken } from './token';
import type { TokenStore } from './tokenStore';

/** How often tokens in use are looked at, whatever the file system tells: some mounts tell nothing. */
const LOOK_INTERVAL_MS = 500;

/** Why a token in use is worth nothing any more. */
export type RevocationReason =
  | 'revoked'
  | 'expired'
  /** Its file was replaced; the rights in it may be others. */
  | 'changed';

export interface Revocation {
  readonly id: string;
  readonly reason: RevocationReason;
}

interface HeldToken {
  readonly token: StoredToken;
  holders: number;
  /** Of the file when it was first looked at. */
  version: string | undefined;
}

/**
 * Tells within a second when a token that somebody is signed in with stops being valid. It looks at the files of tokens
 * that are held and at no others: while nobody is signed in it does nothing.
 */
export class TokenWatch implements Disposable {
  private readonly store = new DisposableStore();
  private readonly didRevoke = this.store.add(new Emitter<Revocation>());
  readonly onDidRevoke = this.didRevoke.event;
  private readonly held = new Map<string, HeldToken>();
  private watching = new DisposableStore();
  private isLooking = false;
  private isLookDue = false;

  constructor(
    private readonly tokens: TokenStore,
    private readonly clock: Clock,
    private readonly watchFolder: WatchFolder = watchWithSystem,
  ) {}

  /**
   * Watches this token until the returned disposable is disposed. {@link onDidRevoke} fires once for a token, and never
   * before `hold` has returned; whoever holds it then lets it go.
   */
  hold(token: StoredToken): Disposable {
    const entry = this.held.get(token.id) ?? { token, holders: 0, version: undefined };
    entry.holders += 1;
    this.held.set(token.id, entry);
    if (this.held.size === 1 && entry.holders === 1) this.start();
    else this.look();
    return toDisposable(() => this.release(token.id, entry));
  }

  dispose(): void {
    this.watching.dispose();
    this.held.clear();
    this.store.dispose();
  }

  private release(id: string, entry: HeldToken): void {
    entry.holders -= 1;
    if (entry.holders > 0 || this.held.get(id) !== entry) return;
    this.held.delete(id);
    if (this.held.size === 0) this.watching.clear();
  }

  private start(): void {
    this.watching.add(this.watchFolder(this.tokens.folder, () => this.look()));
    this.look();
    this.lookAgainLater();
  }

  private lookAgainLater(): void {
    const timer = this.clock.setTimer(() => {
      this.watching.delete(timer);
      this.look();
      this.lookAgainLater();
    }, LOOK_INTERVAL_MS);
    this.watching.add(timer);
  }

  /** One look at a time; what happens during one is seen by the next. */
  private look(): void {
    this.isLookDue = true;
    if (!this.isLooking) void this.lookWhileDue();
  }

  private async lookWhileDue(): Promise<void> {
    this.isLooking = true;
    while (this.isLookDue) {
      this.isLookDue = false;
      for (const entry of [...this.held.values()]) await this.lookAt(entry);
    }
    this.isLooking = false;
  }

  private async lookAt(entry: HeldToken): Promise<void> {
    const { id } = entry.token;
    const version = await versionOf(this.tokens.path(id));
    if (this.held.get(id) !== entry) return;
    const reason = reasonFor(entry, version, this.clock.nowMs());
    entry.version ??= version;
    if (reason === undefined) return;
    this.held.delete(id);
    if (this.held.size === 0) this.watching.clear();
    this.didRevoke.fire({ id, reason });
  }
}

function reasonFor(
  entry: HeldToken,
  version: string | undefined,
  nowMs: number,
): RevocationReason | undefined {
  if (version === undefined) return 'revoked';
  if (isExpired(entry.token, nowMs)) return 'expired';
  return entry.version !== undefined && entry.version !== version ? 'changed' : undefined;
}

/** Tells one content of a file from another; `undefined` when it is gone or can't be looked at: then it counts as gone. */
async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { ino, size, mtimeMs } = await stat(path);
    return `${ino}:${size}:${mtimeMs}`;
  } catch {
    return undefined;
  }
}

/** Calls back when something changes in a folder, as far as the file system tells. */
type WatchFolder = (path: string, onChange: () => void) => Disposable;

function watchWithSystem(path: string, onChange: () => void): Disposable {
  try {
    const watcher = watch(path, { persistent: false }, onChange);
    // A watch that breaks leaves the look at intervals.
    watcher.on('error', () => watcher.close());
    return toDisposable(() => watcher.close());
  } catch {
    return toDisposable(() => undefined);
  }
}
