import { toDisposable, type Disposable } from '../../base/lifecycle';
import { LIMITS } from '../../protocol/limits';
import { normalizeAddress } from './address';
import { TokenBucket } from './tokenBucket';

export interface ConnectionLimitsOptions {
  readonly maxConnections: number;
  /** Connections that have not authenticated yet; they count among the others, too. */
  readonly maxUnauthenticated: number;
  readonly maxUnauthenticatedPerAddress: number;
}

/** How many addresses' rates are remembered; the one seen longest ago is forgotten first. */
const MAX_RATES = 10_000;

/** A connection that was let in. Disposing it makes room. */
export interface AdmittedConnection extends Disposable {
  /** It has authenticated, and no longer counts among those that have not. */
  authenticated(): void;
}

/** Counts by key; a key at zero is forgotten, so that the table is as large as what is open. */
class Tally {
  private readonly counts = new Map<string, number>();
  total = 0;

  of(key: string): number {
    return this.counts.get(key) ?? 0;
  }

  add(key: string, difference: 1 | -1): void {
    this.total += difference;
    const count = this.of(key) + difference;
    if (count === 0) this.counts.delete(key);
    else this.counts.set(key, count);
  }
}

/** How many connections may be open, altogether and from one address. */
export class ConnectionLimits {
  private readonly open = new Tally();
  private readonly unauthenticated = new Tally();

  constructor(private readonly options: ConnectionLimitsOptions = LIMITS) {}

  get connections(): number {
    return this.open.total;
  }

  /** Lets a connection in, or `undefined` if there are too many. */
  admit(address: string): AdmittedConnection | undefined {
    const key = normalizeAddress(address);
    if (this.isFull(key)) return undefined;
    this.open.add(key, 1);
    this.unauthenticated.add(key, 1);
    const arrival = toDisposable(() => this.unauthenticated.add(key, -1));
    const stay = toDisposable(() => this.open.add(key, -1));
    return {
      authenticated: () => arrival.dispose(),
      dispose: () => {
        arrival.dispose();
        stay.dispose();
      },
    };
  }

  private isFull(key: string): boolean {
    const { maxConnections, maxUnauthenticated, maxUnauthenticatedPerAddress } = this.options;
    return (
      this.open.total >= maxConnections ||
      this.unauthenticated.total >= maxUnauthenticated ||
      this.unauthenticated.of(key) >= maxUnauthenticatedPerAddress
    );
  }
}

/** How fast one address may open connections that do not authenticate. */
export class ConnectionRates {
  private readonly buckets = new Map<string, TokenBucket>();

  constructor(private readonly nowMs: () => number) {}

  get size(): number {
    return this.buckets.size;
  }

  /** In how many milliseconds this address may open a connection; 0 if it just did, which counts. */
  take(address: string): number {
    const key = normalizeAddress(address);
    const bucket = this.buckets.get(key) ?? this.makeBucket();
    this.buckets.delete(key);
    this.buckets.set(key, bucket);
    for (const oldest of this.buckets.keys()) {
      if (this.buckets.size <= MAX_RATES) break;
      this.buckets.delete(oldest);
    }
    return bucket.take() ? 0 : bucket.waitMs();
  }

  /** A connection that counted has authenticated, and does not count any more. */
  giveBack(address: string): void {
    this.buckets.get(normalizeAddress(address))?.give();
  }

  private makeBucket(): TokenBucket {
    const { connectionBurstPerAddress, connectionsPerSecondPerAddress } = LIMITS;
    const options = { capacity: connectionBurstPerAddress, refillPerSecond: connectionsPerSecondPerAddress };
    return new TokenBucket(options, this.nowMs);
  }
}
