import { LIMITS } from '../../protocol/limits';
import { normalizeAddress } from './address';

export interface LoginThrottleOptions {
  /** So many failures within the window lead to a block. */
  readonly failedLoginsBeforeBlock: number;
  readonly failedLoginWindowMs: number;
  /** The first block; each further one is twice as long, until there was no failure for {@link longestBlockMs}. */
  readonly firstBlockMs: number;
  readonly longestBlockMs: number;
  /** How many addresses and tokens are remembered at most. */
  readonly maxEntries: number;
}

const DEFAULTS: LoginThrottleOptions = { ...LIMITS, maxEntries: 10_000 };

interface Failures {
  windowBeganAtMs: number;
  inWindow: number;
  lastAtMs: number;
  blocks: number;
  blockedUntilMs: number;
}

/**
 * Slows down who guesses: failed logins of an address, or with a token's id, block it for a growing time. Addresses are
 * shared and ids of tokens are no secrets, so that anybody could have others blocked: therefore a token that has signed
 * in from an address before may do so again from there, until as many failures claim to be of just this pair.
 */
export class LoginThrottle {
  /** By address, token id, or pair of them; the one that failed longest ago comes first. */
  private readonly failures = new Map<string, Failures>();
  /** Pairs of token id and address that have worked; the one used longest ago comes first. */
  private readonly trusted = new Set<string>();

  constructor(
    private readonly nowMs: () => number,
    private readonly options: LoginThrottleOptions = DEFAULTS,
  ) {}

  get size(): number {
    return this.failures.size;
  }

  /** For how long yet a login is to be refused, in milliseconds; 0 if it may be tried. */
  blockedForMs(address: string, tokenId?: string): number {
    const byAddress = this.remainingMs(addressKey(address));
    if (tokenId === undefined) return byAddress;
    if (this.trusted.has(pairKey(address, tokenId))) return 0;
    return Math.max(byAddress, this.remainingMs(tokenKey(tokenId)));
  }

  failed(address: string, tokenId?: string): void {
    this.count(addressKey(address));
    if (tokenId === undefined) return;
    this.count(tokenKey(tokenId));
    const pair = pairKey(address, tokenId);
    if (this.trusted.has(pair) && this.count(pair)) this.trusted.delete(pair);
  }

  succeeded(address: string, tokenId: string): void {
    const pair = pairKey(address, tokenId);
    for (const key of [addressKey(address), tokenKey(tokenId), pair]) this.failures.delete(key);
    this.trusted.delete(pair);
    this.trusted.add(pair);
    dropOldest(this.trusted, this.options.maxEntries);
  }

  private remainingMs(key: string): number {
    return Math.max(0, (this.failures.get(key)?.blockedUntilMs ?? 0) - this.nowMs());
  }

  /** Counts a failure and says whether it led to a block. */
  private count(key: string): boolean {
    const now = this.nowMs();
    const entry = this.entryFor(key, now);
    // The one that failed last comes last.
    this.failures.delete(key);
    this.failures.set(key, entry);
    dropOldest(this.failures, this.options.maxEntries);
    entry.lastAtMs = now;
    entry.inWindow += 1;
    if (entry.inWindow < this.options.failedLoginsBeforeBlock) return false;
    entry.inWindow = 0;
    entry.blockedUntilMs = now + this.blockMs(entry.blocks++);
    return true;
  }

  private entryFor(key: string, now: number): Failures {
    const known = this.failures.get(key);
    const { failedLoginWindowMs, longestBlockMs } = this.options;
    const quietSinceMs = Math.max(known?.lastAtMs ?? 0, known?.blockedUntilMs ?? 0);
    if (known === undefined || now - quietSinceMs > longestBlockMs) {
      return { windowBeganAtMs: now, inWindow: 0, lastAtMs: now, blocks: 0, blockedUntilMs: 0 };
    }
    if (now - known.windowBeganAtMs > failedLoginWindowMs) {
      known.windowBeganAtMs = now;
      known.inWindow = 0;
    }
    return known;
  }

  private blockMs(earlierBlocks: number): number {
    const { firstBlockMs, longestBlockMs } = this.options;
    return Math.min(longestBlockMs, firstBlockMs * 2 ** Math.min(30, earlierBlocks));
  }
}

function dropOldest(table: Map<string, unknown> | Set<string>, maxEntries: number): void {
  for (const key of table.keys()) {
    if (table.size <= maxEntries) return;
    table.delete(key);
  }
}

function addressKey(address: string): string {
  return `address ${normalizeAddress(address)}`;
}

function tokenKey(tokenId: string): string {
  return `token ${tokenId}`;
}

function pairKey(address: string, tokenId: string): string {
  return `pair ${tokenId} ${normalizeAddress(address)}`;
}
