import type { AdmissionContext } from '../../admission/types.js';
import type { JsonObject } from '../../machinery/json.js';
import type { Backend, Compare, KeyValue, Op, TxnResult } from '../../store/types.js';
import { encodeStored } from './stored.js';

/** A write that is worked out: what must hold, what is written, and what it then answers. */
export interface WritePlan<T> {
  readonly compares: readonly Compare[];
  readonly operations: readonly Op[];
  /** Something is on its way out: taken when the disk is nearly full. */
  readonly freesSpace?: boolean;
  /** What the write is worth, once it is stored at this revision. */
  answer(revision: number): T;
}

/**
 * Writes plans in one transaction: all of them at one revision, or none. They must be about different keys. Resolves
 * with the transaction's result; `failed` counts through the compares of the plans in their order. Rejects with
 * UnavailableError or OverloadedError. Every write of the API goes through here.
 */
export function commit(backend: Backend, plans: readonly WritePlan<unknown>[]): Promise<TxnResult> {
  const [first] = plans;
  const single = plans.length === 1 ? first : undefined;
  const compares = single?.compares ?? plans.flatMap((plan) => plan.compares);
  const ops = single?.operations ?? plans.flatMap((plan) => plan.operations);
  return backend.txn({ compares, ops, deletes: plans.every((plan) => plan.freesSpace === true) });
}

/**
 * The plan that puts a changed object in the place of the one that was read, with what admission asked for. Answers
 * nothing; the object gets the nulls of its type.
 */
export function replacing(
  current: KeyValue,
  object: JsonObject,
  storedType: string,
  admission?: Pick<AdmissionContext, 'compares' | 'operations'>,
): WritePlan<undefined> {
  const { key, modRevision } = current;
  const { value, revisionAt } = encodeStored(object, storedType, key);
  return {
    compares: [{ key, modRevision }, ...(admission?.compares ?? [])],
    operations: [{ type: 'put', key, value, revisionAt }, ...(admission?.operations ?? [])],
    answer: () => undefined,
  };
}

/** Whether conditions hold as far as this replica knows: for what admits a write that turns out to change nothing. */
export function hold(backend: Backend, compares: readonly Compare[]): boolean {
  return compares.every((compare) => {
    const stored = backend.get(compare.key);
    return 'exists' in compare ? stored !== undefined : (stored?.modRevision ?? 0) === compare.modRevision;
  });
}
