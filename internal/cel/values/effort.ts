/**
 * Work that costs do not tell of: comparing what is nested, counting characters, matching patterns. A unit is about
 * 30 ns. It is counted here while an evaluation runs, and ends it as its cost does when there is too much of it.
 */
export const effort = { spent: 0 };

/** What one evaluation may spend: about 50 ms. */
export const MAX_EFFORT = 1_500_000;

/** Units in a millisecond. */
export const EFFORT_PER_MILLISECOND = 30_000;
