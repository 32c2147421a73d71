import type { FieldNode } from '../generic/field-node.js';

/** Calls `check` for each of at most `max` items; a list that is longer is one field error and looked at no further. */
export function checkItems(owner: FieldNode, key: string, max: number, check: (item: FieldNode) => void): boolean {
  const items = owner.list(key);
  if (max >= 0 && items.length > max) {
    owner.tooMany(key, items.length, max);
    return false;
  }
  items.forEach(check);
  return true;
}

/** As `checkItems`, and no two items have the same key. */
export function checkSet(
  owner: FieldNode,
  key: string,
  max: number,
  check: (item: FieldNode) => void,
  keyOf: (item: FieldNode) => string,
): void {
  if (!checkItems(owner, key, max, check)) return;
  checkUnique(
    owner,
    key,
    owner.list(key).map((item) => keyOf(item)),
  );
}

/** As `checkSet` for texts; `check` is told where the text is. */
export function checkTextSet(
  owner: FieldNode,
  key: string,
  max: number,
  check: (at: string, value: string) => void,
): void {
  const values = owner.texts(key);
  if (max >= 0 && values.length > max) {
    owner.tooMany(key, values.length, max);
    return;
  }
  for (const [i, value] of values.entries()) check(`${key}[${i}]`, value);
  checkUnique(owner, key, values);
}

function checkUnique(owner: FieldNode, key: string, values: readonly string[]): void {
  const seen = new Set<string>();
  for (const [i, value] of values.entries()) {
    if (seen.has(value)) owner.duplicate(`${key}[${i}]`, value);
    seen.add(value);
  }
}
