import { str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import {
  addQuantity,
  compareQuantity,
  formatQuantity,
  parseQuantity,
  type Quantity,
  signOfQuantity,
  subQuantity,
} from '../../machinery/quantity.js';

/** Amounts by the name of their resource (a ResourceList). */
export type Amounts = ReadonlyMap<string, Quantity>;
export type MutableAmounts = Map<string, Quantity>;

/** So many things: a count without a unit. */
export const countOf = (n: number): Quantity => ({ unscaled: BigInt(n), scale: 0, format: 'DecimalSI' });
const ZERO = countOf(0);

/** A resource list as amounts. Its texts are quantities: decoding saw to that. */
export function amountsOf(list: JsonObject | undefined): MutableAmounts {
  return new Map(Object.keys(list ?? {}).map((name) => [name, parseQuantity(str(list, name))]));
}

/** Adds each amount of `more` to `sum`. */
export function addTo(sum: MutableAmounts, more: Amounts): void {
  for (const [name, amount] of more) {
    const have = sum.get(name);
    sum.set(name, have === undefined ? amount : addQuantity(have, amount));
  }
}

/** Raises `most` to each amount of `other` that is more. */
export function raiseTo(most: MutableAmounts, other: Amounts): void {
  for (const [name, amount] of other) {
    const have = most.get(name);
    if (have === undefined || compareQuantity(amount, have) > 0) most.set(name, amount);
  }
}

/** What `a` is more than `b`, never below zero: what an update gives back is the quota controller's to find. */
export function increase(a: Amounts, b: Amounts): MutableAmounts {
  const more: MutableAmounts = new Map();
  for (const [name, amount] of a) {
    const before = b.get(name);
    const difference = before === undefined ? amount : subQuantity(amount, before);
    more.set(name, signOfQuantity(difference) > 0 ? difference : ZERO);
  }
  return more;
}

/** The amounts with one of these names. */
export function mask(amounts: Amounts, names: ReadonlySet<string> | Amounts): MutableAmounts {
  return new Map([...amounts].filter(([name]) => names.has(name)));
}

export function withoutZeros(amounts: Amounts): MutableAmounts {
  return new Map([...amounts].filter(([, amount]) => signOfQuantity(amount) !== 0));
}

/** `name=amount` by name, as messages show a list. */
export function amountsText(amounts: Amounts): string {
  const names = [...amounts.keys()].sort();
  return names.map((name) => `${name}=${formatQuantity(amounts.get(name) ?? ZERO)}`).join(',');
}
