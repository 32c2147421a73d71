import type { Level } from './config.js';

/** Seats of one priority level: what it has by its shares, and how far lending and borrowing may take it. */
export interface Limits {
  readonly nominal: number;
  readonly min: number;
  readonly max: number;
}

/** Share of a level's seats that one request may take at most. */
const MAX_SEATS_SHARE = 0.15;

/** Splits the server's seats by the shares of the levels (KEP-1040, "nominal concurrency limit"). */
export function limitsOf(levels: readonly Level[], serverSeats: number): Map<string, Limits> {
  const sum = levels.reduce((total, level) => total + level.shares, 0);
  return new Map(
    levels.map((level) => {
      const nominal = sum === 0 ? 0 : Math.ceil((serverSeats * level.shares) / sum);
      const lendable = Math.round((nominal * level.lendablePercent) / 100);
      const { borrowingLimitPercent } = level;
      const borrowable =
        borrowingLimitPercent === undefined ? serverSeats : Math.round((nominal * borrowingLimitPercent) / 100);
      return [level.name, { nominal, min: nominal - lendable, max: nominal + borrowable }];
    }),
  );
}

/**
 * Seats that one request of the level may take at most; 0 for no bound of the level's own. One flow's hand of queues can
 * then not hold all of the seats.
 */
export function maxSeatsOf({ queuing }: Level, nominal: number): number {
  if (queuing === undefined) return 0;
  return Math.max(1, Math.min(Math.ceil(nominal * MAX_SEATS_SHARE), Math.floor(nominal / queuing.handSize)));
}

/** What a level is to be given: at least `lower`, at most `upper`, and near to `target` times what is fair to all. */
export interface Claim {
  readonly lower: number;
  readonly upper: number;
  readonly target: number;
}

export interface Allocation {
  readonly seats: readonly number[];
  /** What each target was multiplied by, where no bound stood in the way. */
  readonly fairFraction: number;
}

/** Halvings of the interval in which the fraction is looked for. */
const STEPS = 60;

/**
 * Gives `total` seats away so that each claim gets the same multiple of its target, within its bounds (KEP-1040, "fair
 * proportion"). Where the lower bounds alone take more than there is, each level gets its lower bound; where the upper
 * bounds take less, its upper bound.
 */
export function allocate(total: number, claims: readonly Claim[]): Allocation {
  const at = (fraction: number): number[] =>
    claims.map(({ lower, upper, target }) => Math.min(upper, Math.max(lower, fraction * target)));
  const sum = (seats: readonly number[]): number => seats.reduce((a, b) => a + b, 0);
  const largest = Math.max(
    1,
    ...claims.map(({ upper, target }) => (target > 0 ? upper / target : 0)).filter(Number.isFinite),
  );
  if (sum(at(0)) >= total) return { seats: at(0), fairFraction: 0 };
  if (sum(at(largest)) <= total) return { seats: at(largest), fairFraction: largest };
  let [low, high] = [0, largest];
  for (let i = 0; i < STEPS; i++) {
    const middle = (low + high) / 2;
    if (sum(at(middle)) < total) low = middle;
    else high = middle;
  }
  return { seats: at(high), fairFraction: high };
}
