/** What a request is taken to cost. */
export interface Work {
  /** Seats that it takes while it is handled. */
  readonly seats: number;
  /** Seats that it takes for `extraMs` more, while others are told of its outcome; 0 for none. */
  readonly finalSeats: number;
  readonly extraMs: number;
}

/** How many objects there are of what a list reads, and how long they are on average, bytes. */
export interface Stored {
  readonly count: number;
  readonly averageBytes: number;
}

/** A list as far as its cost depends on it. */
export interface ListFacts {
  readonly limit: number;
  /** One object by its name. */
  readonly single: boolean;
  /** The answer is put together in memory before it is sent. */
  readonly whole: boolean;
}

/** One seat for so many bytes that a list holds, and for so many watchers that are told of a write (k8s.io/apiserver's work estimator, 1.34 on). */
const BYTES_PER_SEAT = 100_000;
const WATCHES_PER_SEAT = 10;
/** What a list that is sent page by page holds at most, bytes: one page. */
const STREAMED_BYTES = 1_000_000;
const MAX_LIST_SEATS = 100;
const MAX_MUTATING_SEATS = 10;
/** How long the seats of watchers are taken, milliseconds. */
const EVENT_MS = 5;

/** A request that costs no more than any other. */
export const ONE_SEAT: Work = { seats: 1, finalSeats: 0, extraMs: 0 };

/** The cost of a list by the bytes that it holds at a time. `levelMax` is the most that the level allows; 0 for no bound. */
export function listWork(stored: Stored, { limit, single, whole }: ListFacts, levelMax: number): Work {
  const objects = single ? Math.min(1, stored.count) : limit > 0 ? Math.min(limit, stored.count) : stored.count;
  const bytes = objects * stored.averageBytes;
  const held = whole ? bytes : Math.min(bytes, STREAMED_BYTES);
  const seats = Math.min(Math.ceil(held / BYTES_PER_SEAT), bounded(levelMax, MAX_LIST_SEATS));
  return seats <= 1 ? ONE_SEAT : { seats, finalSeats: 0, extraMs: 0 };
}

/** The cost of a write by the number of watchers that are told of it. */
export function writeWork(watchers: number, levelMax: number): Work {
  if (watchers < WATCHES_PER_SEAT) return ONE_SEAT;
  const wanted = Math.ceil(watchers / WATCHES_PER_SEAT);
  const finalSeats = Math.min(wanted, bounded(levelMax, MAX_MUTATING_SEATS));
  // Fewer seats are taken for longer.
  return { seats: 1, finalSeats, extraMs: (EVENT_MS * wanted) / finalSeats };
}

const bounded = (levelMax: number, most: number): number => (levelMax === 0 ? most : Math.min(levelMax, most));
