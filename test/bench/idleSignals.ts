/** Asked for on the engine's socket when the time that is counted begins, and when it is over. */
export const IDLE_BEGINS = '/idle-begins';
export const IDLE_ENDS = '/idle-ends';
