import { type JsonObject, type JsonValue, isObject } from '../../machinery/json.js';

/** Where items are in a list: by their merge key, or by value when there is none. Looked up, not searched for. */
export class Positions {
  readonly #mergeKey: string;
  readonly #byValue = new Map<JsonValue, number>();
  readonly #byKey = new Map<JsonValue, number>();

  constructor(list: readonly JsonValue[], mergeKey: string) {
    this.#mergeKey = mergeKey;
    for (const [i, item] of list.entries()) this.add(item, i);
  }

  /** Of equal items the first one counts. */
  add(item: JsonValue, at: number): void {
    if (!this.#byValue.has(item)) this.#byValue.set(item, at);
    if (this.#mergeKey === '' || !isObject(item)) return;
    const key = item[this.#mergeKey];
    if (key !== undefined && !this.#byKey.has(key)) this.#byKey.set(key, at);
  }

  /** -1 when it is not there. */
  of(item: JsonValue): number {
    if (this.#mergeKey === '' || !isObject(item)) return this.#byValue.get(item) ?? -1;
    const key = item[this.#mergeKey];
    return key === undefined ? -1 : (this.#byKey.get(key) ?? -1);
  }
}

function sortBy(items: JsonValue[], order: Positions): JsonValue[] {
  const at = new Map(items.map((x) => [x, order.of(x)]));
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
  const inPatch = new Positions(patchOrder, mergeKey);
  const onServer = new Positions(serverOrder, mergeKey);
  for (const x of merged) (inPatch.of(x) >= 0 ? fromPatch : fromServer).push(x);
  const left = sortBy(fromServer, onServer);
  const right = sortBy(fromPatch, inPatch);
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
      const li = onServer.of(l);
      const ri = onServer.of(r);
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
