/** All rings together hold about so much text where nobody lags behind, in UTF-16 units, and each at least a little. */
const RINGS_LENGTH = 256 * 1024;
const LEAST_RING_LENGTH = 16 * 1024;
/** While somebody catches up, a ring holds so much of what comes in the meantime, as long as all have room. */
const CATCH_UP_LENGTH = 1024 * 1024;
const MAX_LENGTH = 8 * 1024 * 1024;

/** How much text the rings of an engine's logs may hold. */
export class RingMemory {
  /** In UTF-16 units. */
  private usedLength = 0;

  /** A ring has got longer, or shorter. */
  changed(by: number): void {
    this.usedLength += by;
  }

  /**
   * How much a ring may hold.
   *
   * @param heldLength what it holds at the moment
   * @param rings how many there are
   */
  lengthFor(heldLength: number, rings: number, isCaughtUpWith: boolean): number {
    const usual = Math.max(LEAST_RING_LENGTH, RINGS_LENGTH / rings);
    if (!isCaughtUpWith) return usual;
    const left = MAX_LENGTH - (this.usedLength - heldLength);
    return Math.max(usual, Math.min(CATCH_UP_LENGTH, left));
  }
}
