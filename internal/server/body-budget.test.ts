import { describe, expect, test } from 'vitest';
import { BodyBudget, type Holder, UNKNOWN } from './body-budget.js';

/** A body of a user that can be made to hold more. */
class Body implements Holder {
  heldBytes = 0;
  incomplete = true;
  refused = false;

  constructor(
    private readonly budget: BodyBudget,
    readonly owner: string,
  ) {}

  hold(bytes: number): this {
    this.heldBytes += bytes;
    this.budget.add(this, bytes);
    return this;
  }
  release(): void {
    this.budget.release(this);
    this.heldBytes = 0;
  }
  refuse(): void {
    this.refused = true;
    this.release();
  }
}

const MIB = 1024 * 1024;

describe('the memory of bodies', () => {
  test('is bounded by 256 MiB, by 64 MiB for each user, by 16 MiB for those of whom nothing is known', () => {
    const budget = new BodyBudget();
    const holding = (owner: string, mib: number): Body => new Body(budget, owner).hold(mib * MIB);
    const full = ['ann', 'bob', 'eve'].map((owner) => holding(owner, 64));
    const rest = [holding(UNKNOWN, 16), holding('joe', 48)];
    expect(budget.total).toBe(256 * MIB);
    expect([...full, ...rest].some((b) => b.refused)).toBe(false);
    expect(holding(UNKNOWN, 1).refused).toBe(false);
    expect(rest[0]?.refused).toBe(true);
    const next = holding('joe', 16);
    expect([...full, next].filter((b) => b.refused)).toHaveLength(1);
    expect(holding('joe', 1).refused).toBe(false);
    expect(rest[1]?.refused).toBe(true);
  });

  test('of one user is bounded: the largest of them is refused, and nobody else', () => {
    const budget = new BodyBudget(1000, 100, 50);
    const innocent = new Body(budget, 'ann').hold(90);
    const large = new Body(budget, 'bob').hold(60);
    const small = new Body(budget, 'bob').hold(30);
    const newcomer = new Body(budget, 'bob').hold(20);
    expect([innocent, large, small, newcomer].map((b) => b.refused)).toEqual([false, true, false, false]);
    expect(budget.total).toBe(140);
  });

  test('of all is bounded: the largest of the user who holds most is refused, not the newcomer', () => {
    const budget = new BodyBudget(200, 150, 50);
    const hoarder = [40, 50, 45].map((bytes) => new Body(budget, 'eve').hold(bytes));
    const other = new Body(budget, 'ann').hold(60);
    const newcomer = new Body(budget, 'bob').hold(10);
    expect(hoarder.map((b) => b.refused)).toEqual([false, true, false]);
    expect([other.refused, newcomer.refused]).toEqual([false, false]);
  });

  test('of requests that nobody has vouched for has a bound of its own', () => {
    const budget = new BodyBudget(1000, 100, 50);
    const strangers = Array.from({ length: 10 }, () => new Body(budget, UNKNOWN).hold(10));
    expect(strangers.filter((b) => b.refused)).toHaveLength(5);
    expect(budget.total).toBe(50);
  });

  test('that were received whole are not taken away; they are given back when they are answered', () => {
    const budget = new BodyBudget(100, 100, 50);
    const whole = new Body(budget, 'ann').hold(90);
    whole.incomplete = false;
    const next = new Body(budget, 'ann').hold(20);
    expect([whole.refused, next.refused]).toEqual([false, true]);
    whole.release();
    expect(budget.total).toBe(0);
    expect(new Body(budget, 'ann').hold(80).refused).toBe(false);
    // Where nothing can be given up, nobody is refused.
    const kept = new Body(budget, 'ann');
    kept.incomplete = false;
    for (const body of [kept, whole]) body.hold(90);
    expect([kept.refused, whole.refused, budget.total]).toEqual([false, false, 180]);
  });

  test('of which nothing has come are not refused: that would give nothing back', () => {
    const budget = new BodyBudget(100, 100, 50);
    const empty = new Body(budget, 'ann').hold(0);
    const whole = new Body(budget, 'ann');
    whole.incomplete = false;
    whole.hold(110);
    expect([empty.refused, budget.total]).toEqual([false, 110]);
  });

  test('are given back once, by who holds any', () => {
    const budget = new BodyBudget(100, 100, 50);
    const body = new Body(budget, 'ann').hold(10);
    new Body(budget, 'ann').hold(20);
    const stranger = new Body(budget, 'bob');
    stranger.heldBytes = 5;
    budget.release(stranger);
    budget.release(body);
    budget.release(body);
    expect(budget.total).toBe(20);
  });

  test('of one user is bounded also when another of them was given back', () => {
    const budget = new BodyBudget(1000, 100, 50);
    new Body(budget, 'ann').hold(10).release();
    const [first, second, third] = [60, 20, 30].map((bytes) => new Body(budget, 'ann').hold(bytes));
    expect([first, second, third].map((body) => body?.refused)).toEqual([true, false, false]);
    second?.release();
    expect([new Body(budget, 'ann').hold(80), third].map((body) => body?.refused)).toEqual([true, false]);
  });

  test('of all is bounded where who holds most did not come first', () => {
    const budget = new BodyBudget(100, 100, 50);
    const other = new Body(budget, 'ann').hold(30);
    const hoarder = new Body(budget, 'eve').hold(60);
    const third = new Body(budget, 'bob').hold(20);
    expect([other, hoarder, third].map((b) => b.refused)).toEqual([false, true, false]);
  });
});
