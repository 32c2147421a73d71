import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';

/** Where `item` is in `list`: by its merge key, or by value when there is none; -1 when it is not there. */
export function indexIn(list: readonly JsonValue[], item: JsonValue, mergeKey: string): number {
  if (mergeKey === '' || !isObject(item)) return list.indexOf(item);
  const key = item[mergeKey];
  return list.findIndex((x) => isObject(x) && x[mergeKey] !== undefined && x[mergeKey] === key);
}

function sortBy(items: JsonValue[], order: readonly JsonValue[], mergeKey: string): JsonValue[] {
  const at = new Map(items.map((x) => [x, indexIn(order, x, mergeKey)]));
  return [...items].sort((a, b) => {
    const ia = at.get(a) ?? -1;
    const ib = at.get(b) ?? -1;
    return ia >= 0 && ib >= 0 ? ia - ib : 0;
  });
}

/**
 * Puts a merged list in its order: what the patch names in the patch's order, what only the server has in the server's,
 * and the second woven into the first so that neighbours of the live list stay neighbours where that is possible
 * (strategicpatch's normalizeElementOrder).
 */
export function orderMerged(
  merged: readonly JsonValue[],
  patchOrder: readonly JsonValue[],
  serverOrder: readonly JsonValue[],
  mergeKey: string,
): JsonValue[] {
  const fromPatch: JsonValue[] = [];
  const fromServer: JsonValue[] = [];
  for (const x of merged) (indexIn(patchOrder, x, mergeKey) >= 0 ? fromPatch : fromServer).push(x);
  const left = sortBy(fromServer, serverOrder, mergeKey);
  const right = sortBy(fromPatch, patchOrder, mergeKey);
  const out: JsonValue[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    const l = left[i];
    const r = right[j];
    if (l === undefined) {
      if (r !== undefined) out.push(r);
      j++;
    } else if (r === undefined) {
      out.push(l);
      i++;
    } else {
      const li = indexIn(serverOrder, l, mergeKey);
      const ri = indexIn(serverOrder, r, mergeKey);
      if (li >= 0 && ri >= 0 && li < ri) {
        out.push(l);
        i++;
      } else {
        out.push(r);
        j++;
      }
    }
  }
  return out;
}

/** Go's `%v` of a decoded JSON value: `map[a:1 b:[x y]]`. */
export function goText(v: JsonValue | undefined): string {
  if (v === undefined || v === null) return '<nil>';
  if (Array.isArray(v)) return `[${v.map(goText).join(' ')}]`;
  if (!isObject(v)) return String(v);
  const o: JsonObject = v;
  return `map[${Object.keys(o)
    .sort()
    .filter((k) => o[k] !== undefined)
    .map((k) => `${k}:${goText(o[k])}`)
    .join(' ')}]`;
}
