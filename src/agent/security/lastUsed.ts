import * as v from 'valibot';
import type { Clock } from '../../base/clock';
import type { Disposable } from '../../base/lifecycle';
import { replaceFile } from '../state/atomicFile';
import { readJson } from '../state/jsonFile';

/** Knowing to the minute when a token was used is enough, and spares the disk. */
const SAVE_DELAY_MS = 60_000;
const HELP = 'It only holds when tokens were last used: remove it';

const schema = v.record(v.string(), v.string());

/** When each token was last used, in RFC 3339. Rejects with a StateError when the file is spoilt. */
export async function readLastUsed(path: string): Promise<ReadonlyMap<string, string>> {
  const times = (await readJson(path, schema, HELP)) ?? {};
  return new Map(Object.entries(times));
}

/** Keeps in memory when tokens were used, and writes it down once in a while. */
export class LastUsed implements Disposable {
  private timer: Disposable | undefined;

  private constructor(
    private readonly path: string,
    private readonly times: Map<string, string>,
    private readonly clock: Clock,
    private readonly onFailed: (error: unknown) => void,
  ) {}

  /** A spoilt file is told to `onFailed` and replaced at the next use: nothing depends on it. */
  static async open(path: string, clock: Clock, onFailed: (error: unknown) => void): Promise<LastUsed> {
    const known = await readLastUsed(path).catch((error: unknown) => {
      onFailed(error);
      return new Map<string, string>();
    });
    return new LastUsed(path, new Map(known), clock, onFailed);
  }

  /** Drops what is known of tokens that are gone. */
  keepOnly(tokenIds: ReadonlySet<string>): void {
    for (const id of [...this.times.keys()]) if (!tokenIds.has(id)) this.times.delete(id);
  }

  touch(tokenId: string): void {
    this.times.set(tokenId, new Date(this.clock.nowMs()).toISOString());
    this.timer ??= this.clock.setTimer(() => void this.save(), SAVE_DELAY_MS);
  }

  /** Writes what is not written yet. Never rejects. */
  async save(): Promise<void> {
    if (this.timer === undefined) return;
    this.dispose();
    try {
      await replaceFile(this.path, `${JSON.stringify(Object.fromEntries(this.times), undefined, 2)}\n`);
    } catch (error) {
      this.onFailed(error);
    }
  }

  dispose(): void {
    this.timer?.dispose();
    this.timer = undefined;
  }
}
