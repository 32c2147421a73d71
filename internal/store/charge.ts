import { addQuantity, compareQuantity, formatQuantity, parseQuantity, QuantityError } from '../machinery/quantity.js';
import { modRevisionOf, valueOf } from './rows.js';
import type { Op } from './types.js';

export type ChargeOp = Extract<Op, { type: 'charge' }>;

/** What a charged object is replaced by: text with an empty resourceVersion, and where that is. */
export interface Charged {
  readonly value: Buffer;
  readonly revisionAt: number;
}

const REVISION = '"resourceVersion":"';
const STATUS = '"status":';
const USED = '"used":';

/**
 * Adds `amounts` to `status.used` of a stored ResourceQuota. Undefined when that may not be: the record is missing or of
 * another uid, a name is not in both `status.hard` and `status.used`, or a sum would pass its bound in `status.hard`.
 *
 * The outcome depends on the record and the charge only, and the text outside of `used` stays as it is to the byte.
 */
export function chargedRecord(record: Buffer | undefined, charge: ChargeOp): Charged | undefined {
  if (record === undefined) return undefined;
  return chargedText(valueOf(record).toString('latin1'), modRevisionOf(record), charge);
}

/** The same for the text of a stored object (one character for each byte) and its revision. */
export function chargedText(text: string, modRevision: number, charge: ChargeOp): Charged | undefined {
  // In front of the revision and the uid stand texts only, in which a quote is escaped: the first ones are the fields.
  const revision = `${REVISION}${modRevision}"`;
  const revisionFrom = text.indexOf(revision);
  if (revisionFrom < 0 || !text.slice(0, revisionFrom).includes(`"uid":"${charge.uid}"`)) return undefined;
  // The status comes last, and `used` last in it.
  const usedFrom = text.lastIndexOf(`${USED}{`) + USED.length;
  const statusFrom = text.lastIndexOf(`${STATUS}{`, usedFrom) + STATUS.length;
  if (usedFrom < USED.length || statusFrom < STATUS.length || !text.endsWith('}}}')) return undefined;
  const used = amountsFrom(text.slice(usedFrom, -2));
  const hard = amountsFrom(
    text
      .slice(statusFrom, usedFrom - USED.length)
      .replace(/^\{"hard":/, '')
      .replace(/,$/, ''),
  );
  if (used === undefined || hard === undefined) return undefined;
  for (const [name, amount] of charge.amounts) {
    const sum = added(used.get(name), amount, hard.get(name));
    if (sum === undefined) return undefined;
    used.set(name, sum);
  }
  const members = [...used].map(([name, amount]) => `${JSON.stringify(name)}:${JSON.stringify(amount)}`);
  const revisionAt = revisionFrom + REVISION.length;
  const head = `${text.slice(0, revisionAt)}${text.slice(revisionFrom + revision.length - 1, usedFrom)}`;
  return { value: Buffer.from(`${head}{${members.join(',')}}}}`, 'latin1'), revisionAt };
}

/** The sum, or undefined when it passes the bound. */
function added(used: string | undefined, amount: string, hard: string | undefined): string | undefined {
  if (used === undefined || hard === undefined) return undefined;
  try {
    const sum = addQuantity(parseQuantity(used), parseQuantity(amount));
    return compareQuantity(sum, parseQuantity(hard)) > 0 ? undefined : formatQuantity(sum);
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}

/** A list of resources from its text; undefined for anything else. Names are ASCII (quotas are validated). */
function amountsFrom(text: string): Map<string, string> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  const amounts = new Map<string, string>();
  for (const [name, amount] of Object.entries(parsed)) {
    if (typeof amount !== 'string') return undefined;
    amounts.set(name, amount);
  }
  return amounts;
}
