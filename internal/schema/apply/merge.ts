import { isObject, type JsonObject, type JsonValue, memberOf } from '../../machinery/json.js';
import type { Element } from './element.js';
import { DEDUCED, itemElement, type ListPlan, type Plan } from './plan.js';

/** The live value with what the applied one says put over it. Neither is changed; parts are shared. */
export function merge(plan: Plan, live: JsonValue | undefined, applied: JsonValue | undefined): JsonValue | undefined {
  if (applied === undefined) return live;
  if (live === undefined) return applied;
  switch (plan.k) {
    case 'struct':
    case 'map':
      return plan.atomic ? applied : mergeMaps(plan, live, applied);
    case 'list':
      return plan.rel === 'atomic' ? applied : mergeLists(plan, live, applied);
    case 'deduced':
      return isObject(live) && (isObject(applied) || applied === null) ? mergeMaps(plan, live, applied) : applied;
    case 'scalar':
      return applied;
  }
}

/** A null on either side stands for no entries; two sides without entries are a leaf. */
function mergeMaps(plan: Plan, live: JsonValue, applied: JsonValue): JsonValue {
  const l = isObject(live) ? live : {};
  const r = isObject(applied) ? applied : {};
  const out: JsonObject = {};
  let any = false;
  for (const name in l) {
    const v = merge(entryPlan(plan, name), memberOf(l, name), memberOf(r, name));
    if (v === undefined) continue;
    out[name] = v;
    any = true;
  }
  for (const name in r) {
    const v = memberOf(r, name);
    if (v === undefined || memberOf(l, name) !== undefined) continue;
    out[name] = v;
    any = true;
  }
  return any ? out : applied;
}

function entryPlan(plan: Plan, name: string): Plan {
  if (plan.k === 'map') return plan.of;
  if (plan.k !== 'struct') return DEDUCED;
  return plan.fields.get(name)?.plan ?? plan.others ?? DEDUCED;
}

interface Indexed {
  readonly elements: Element[];
  /** An item that is there more than once merges with nothing: undefined. */
  readonly items: Map<Element, JsonValue | undefined>;
}
function indexItems(plan: ListPlan, list: readonly JsonValue[]): Indexed {
  const elements: Element[] = [];
  const items = new Map<Element, JsonValue | undefined>();
  for (const item of list) {
    const element = itemElement(plan, item);
    if (typeof element !== 'string') continue;
    elements.push(element);
    items.set(element, items.has(element) ? undefined : item);
  }
  return { elements, items };
}

/** Items of both sides, in an order that keeps the applied order and, as far as it allows, the live order. */
function mergeLists(plan: ListPlan, live: JsonValue, applied: JsonValue): JsonValue {
  const l = Array.isArray(live) ? live : [];
  const r = Array.isArray(applied) ? applied : [];
  if (l.length === 0 && r.length === 0) return applied;
  const left = indexItems(plan, l);
  const right = indexItems(plan, r);
  const shared = right.elements.filter((e) => left.items.has(e));
  const out: JsonValue[] = [];
  const merged = new Set<Element>();
  let nextShared = 0;
  let li = 0;
  let ri = 0;
  const push = (v: JsonValue | undefined): void => {
    if (v !== undefined) out.push(v);
  };
  const takeRight = (e: Element): void => {
    merged.add(e);
    push(merge(plan.of, left.items.get(e), right.items.get(e)));
    ri++;
    if (shared[nextShared] === e) nextShared++;
  };
  while (li < left.elements.length || ri < right.elements.length) {
    const le = left.elements[li];
    const re = right.elements[ri];
    if (le !== undefined && re !== undefined) {
      if (le === re) {
        takeRight(re);
        li++;
        continue;
      }
      if (right.items.has(le) && shared[nextShared] !== undefined && shared[nextShared] !== le) {
        // Comes up when the applied order reaches it.
        li++;
        continue;
      }
    }
    if (le !== undefined) {
      if (!right.items.has(le)) {
        push(l[li]);
        li++;
        continue;
      }
      if (merged.has(le)) li++;
    }
    if (re !== undefined) takeRight(re);
  }
  return out.length > 0 ? out : applied;
}
