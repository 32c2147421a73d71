import type { FieldNode } from '../generic/field-node.js';

// When an indexed job has succeeded before all of its indexes have (validateSuccessPolicy).

const MAX_RULES = 20;
/** Bytes of a list of indexes. */
const MAX_INDEXES = 64 * 1024;

/** Why a list of indexes cannot be read. */
class IndexesError extends Error {}

const quote = (text: string): string => JSON.stringify(text);

function indexOf(text: string, completions: number): number {
  if (!/^[+-]?[0-9]+$/.test(text)) throw new IndexesError(`cannot convert string to integer for index: ${quote(text)}`);
  const index = Number(text);
  if (index >= completions) throw new IndexesError(`too large index: ${quote(text)}`);
  return index;
}

const notIncreasing = (previous: number, current: number): IndexesError =>
  new IndexesError(`non-increasing order, previous: ${previous}, current: ${current}`);

/** How many indexes `1,3-5` names; throws when it cannot be read. */
function countIndexes(text: string, completions: number): number {
  if (text === '') return 0;
  let total = 0;
  let last: number | undefined;
  for (const interval of text.split(',')) {
    const ends = interval.split('-');
    if (ends.length > 2) {
      const rule = "violates the requirement that an index interval can have at most two parts separated by '-'";
      throw new IndexesError(`the fragment ${quote(interval)} ${rule}`);
    }
    const first = indexOf(ends[0] ?? '', completions);
    const end = ends[1] === undefined ? first : indexOf(ends[1], completions);
    if (ends[1] !== undefined && first >= end) throw notIncreasing(first, end);
    if (last !== undefined && last >= first) throw notIncreasing(last, first);
    total += end - first + 1;
    last = end;
  }
  return total;
}

function checkIndexes(rule: FieldNode, completions: number): number {
  const text = rule.text('succeededIndexes');
  if (text.length > MAX_INDEXES) rule.tooLong('succeededIndexes', MAX_INDEXES);
  try {
    return countIndexes(text, completions);
  } catch (e) {
    if (!(e instanceof IndexesError)) throw e;
    rule.invalid('succeededIndexes', `error parsing succeededIndexes: ${e.message}`);
    return 0;
  }
}

function checkRule(rule: FieldNode, completions: number): void {
  const named = rule.has('succeededIndexes');
  const count = rule.number('succeededCount');
  if (count === undefined && !named) {
    rule.required('', 'at least one of succeededCount or succeededIndexes must be specified');
  }
  const total = named ? checkIndexes(rule, completions) : 0;
  if (count === undefined) return;
  rule.nonNegative('succeededCount');
  const most = (n: number, of: string): void =>
    rule.invalid('succeededCount', `must be less than or equal to ${n} (the number of ${of})`);
  if (count > completions) most(completions, 'specified completions');
  if (named && count > total) most(total, 'indexes in the specified succeededIndexes field');
}

/** `successPolicy` of an indexed job with so many completions. */
export function checkSuccessPolicy(policy: FieldNode, completions: number): void {
  const rules = policy.list('rules');
  if (rules.length === 0) {
    policy.required('rules', 'at least one rules must be specified when successPolicy is specified');
  }
  if (rules.length > MAX_RULES) policy.tooMany('rules', rules.length, MAX_RULES);
  for (const rule of rules) checkRule(rule, completions);
}
