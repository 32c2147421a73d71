/** A range of sizes or costs. Beyond 2^64 everything is "as much as can be" (MAX). */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** The largest number that kube-apiserver counts to (math.MaxUint64), as a double. */
export const MAX = 2 ** 64;
const capped = (n: number): number => (n >= MAX ? MAX : n);

export const UNKNOWN: Range = { min: 0, max: MAX };
export const fixed = (n: number): Range => ({ min: n, max: n });
export const ZERO = fixed(0);
export const ONE = fixed(1);

export const plus = (a: Range, b: Range): Range => ({ min: capped(a.min + b.min), max: capped(a.max + b.max) });
const product = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : capped(a * b));
export const times = (a: Range, b: Range): Range => ({ min: product(a.min, b.min), max: product(a.max, b.max) });
/** Times a factor, rounded up. */
export const scaled = (a: Range, factor: number): Range => ({
  min: capped(Math.ceil(product(a.min, factor))),
  max: capped(Math.ceil(product(a.max, factor))),
});
export const union = (a: Range, b: Range): Range => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) });
export const sum = (ranges: readonly Range[]): Range => ranges.reduce(plus, ZERO);
