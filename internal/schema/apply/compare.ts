import { isObject, type JsonObject, type JsonValue, memberOf } from '../../machinery/json.js';
import type { Element } from './element.js';
import { difference, EMPTY, type FieldSet, LEAF, NodeBuilder, union } from './fieldset.js';
import {
  checkKeyedItems,
  DEDUCED,
  itemElement,
  type ListPlan,
  type MapPlan,
  type Plan,
  type StructPlan,
} from './plan.js';

/** What differs between two objects: `changed` is added or modified, `removed` was there before. */
export interface Comparison {
  readonly changed: FieldSet;
  readonly removed: FieldSet;
  /** An item of an associative list has no key: kube-apiserver cannot compare such objects. */
  readonly unkeyed: boolean;
}

/** What differs at or below one node; undefined where nothing does. The node's own path is in a set as the step `.`. */
interface Difference {
  changed: FieldSet | undefined;
  removed: FieldSet | undefined;
}
const CHANGED_LEAF: Difference = { changed: LEAF, removed: undefined };

/** Whether the comparison under way has met an item without its key. */
let unkeyed = false;

/** Compares two objects of one type, the way Kubernetes finds out what a writer has changed. */
export function compare(plan: Plan, before: JsonObject, after: JsonObject): Comparison {
  unkeyed = false;
  const d = compareValues(plan, before, after);
  return { changed: root(d?.changed), removed: root(d?.removed), unkeyed };
}
/** A node as a root: a whole object that changed (an atomic type) has no path of its own to name. */
function root(node: FieldSet | undefined): FieldSet {
  if (node === undefined || node['.'] === undefined) return node ?? EMPTY;
  return difference({ r: node }, { r: LEAF })['r'] ?? EMPTY;
}

function compareValues(plan: Plan, l: JsonValue, r: JsonValue): Difference | undefined {
  if (l === r) return undefined;
  switch (plan.k) {
    case 'scalar':
      return same(plan, l, r) ? undefined : CHANGED_LEAF;
    case 'struct':
    case 'map':
      return plan.atomic || (isEmptyContainer(l) && isEmptyContainer(r))
        ? compareLeaf(plan, l, r)
        : plan.k === 'struct'
          ? compareStructs(plan, isObject(l) ? l : {}, isObject(r) ? r : {})
          : compareMaps(plan, isObject(l) ? l : {}, isObject(r) ? r : {});
    case 'list':
      if (plan.rel === 'atomic' || (isEmptyContainer(l) && isEmptyContainer(r))) return compareLeaf(plan, l, r);
      return compareLists(plan, Array.isArray(l) ? l : [], Array.isArray(r) ? r : []);
    case 'deduced':
      return compareDeduced(l, r);
  }
}

const compareLeaf = (plan: Plan, l: JsonValue, r: JsonValue): Difference | undefined =>
  same(plan, l, r) ? undefined : CHANGED_LEAF;

function isEmptyContainer(v: JsonValue): boolean {
  if (v === null || typeof v !== 'object') return true;
  if (Array.isArray(v)) return v.length === 0;
  for (const _ in v) return false;
  return true;
}

/** Gathers the differences of the children of one node. */
class Gather {
  private changed: NodeBuilder | undefined;
  private removed: NodeBuilder | undefined;
  add(element: Element, node: FieldSet): void {
    (this.changed ??= new NodeBuilder(false)).add(element, node);
  }
  remove(element: Element, node: FieldSet): void {
    (this.removed ??= new NodeBuilder(false)).add(element, node);
  }
  merge(element: Element, d: Difference | undefined): void {
    if (d?.changed !== undefined) this.add(element, d.changed);
    if (d?.removed !== undefined) this.remove(element, d.removed);
  }
  result(): Difference | undefined {
    if (this.changed === undefined && this.removed === undefined) return undefined;
    return { changed: this.changed?.build(), removed: this.removed?.build() };
  }
}

function compareStructs(plan: StructPlan, l: JsonObject, r: JsonObject): Difference | undefined {
  const out = new Gather();
  for (const name in r) {
    const field = plan.fields.get(name);
    if (field === undefined) {
      if (plan.others !== undefined) compareEntry(plan.others, out, name, memberOf(l, name), memberOf(r, name));
      continue;
    }
    const rv = field.value(memberOf(r, name));
    const lv = field.value(memberOf(l, name));
    if (rv === undefined) {
      if (lv !== undefined) out.remove(field.element, whole(field.plan, lv));
    } else if (lv === undefined) out.add(field.element, whole(field.plan, rv));
    else out.merge(field.element, compareValues(field.plan, lv, rv));
  }
  for (const name in l) {
    if (memberOf(r, name) !== undefined) continue;
    const field = plan.fields.get(name);
    if (field === undefined) {
      if (plan.others !== undefined) compareEntry(plan.others, out, name, memberOf(l, name), undefined);
      continue;
    }
    const lv = field.value(memberOf(l, name));
    if (lv === undefined) continue;
    if (field.zero === undefined) out.remove(field.element, whole(field.plan, lv));
    else out.merge(field.element, compareValues(field.plan, lv, field.zero));
  }
  return out.result();
}

function compareEntry(plan: Plan, out: Gather, name: string, l: JsonValue | undefined, r: JsonValue | undefined): void {
  const element = `f:${name}`;
  if (r === undefined) {
    if (l !== undefined) out.remove(element, whole(plan, l));
  } else if (l === undefined) out.add(element, whole(plan, r));
  else out.merge(element, compareValues(plan, l, r));
}

function compareMaps(plan: MapPlan, l: JsonObject, r: JsonObject): Difference | undefined {
  const out = new Gather();
  for (const name in r) compareEntry(plan.of, out, name, memberOf(l, name), memberOf(r, name));
  for (const name in l)
    if (memberOf(r, name) === undefined) compareEntry(plan.of, out, name, memberOf(l, name), undefined);
  return out.result();
}

/** Items by their step. An item that fits no step (a broken key) takes no part, but is noted. */
function indexItems(plan: ListPlan, list: readonly JsonValue[]): Map<Element, JsonValue[]> {
  checkKeyedItems(list);
  const index = new Map<Element, JsonValue[]>();
  for (const item of list) {
    const element = itemElement(plan, item);
    if (typeof element !== 'string') {
      unkeyed = true;
      continue;
    }
    const known = index.get(element);
    if (known === undefined) index.set(element, [item]);
    else known.push(item);
  }
  return index;
}

function compareLists(plan: ListPlan, l: JsonValue[], r: JsonValue[]): Difference | undefined {
  if (same(plan, l, r)) return undefined;
  const before = indexItems(plan, l);
  const after = indexItems(plan, r);
  const out = new Gather();
  for (const [element, items] of after) compareItems(plan.of, out, element, before.get(element) ?? [], items);
  for (const [element, items] of before) {
    if (!after.has(element)) compareItems(plan.of, out, element, items, []);
  }
  return out.result();
}

/** Items under one key. Duplicates are one leaf together: their owner owns all of them. */
function compareItems(plan: Plan, out: Gather, element: Element, l: JsonValue[], r: JsonValue[]): void {
  const [l0] = l;
  const [r0] = r;
  if (l.length <= 1 && r.length <= 1) {
    if (r0 === undefined) {
      if (l0 !== undefined) out.remove(element, whole(plan, l0));
    } else if (l0 === undefined) out.add(element, whole(plan, r0));
    else out.merge(element, compareValues(plan, l0, r0));
  } else if (l.length >= 2 && r.length >= 2) {
    if (l.length !== r.length || !l.every((v, i) => same(plan, v, r[i] ?? null))) out.add(element, LEAF);
  } else if (l.length >= 2) {
    if (r0 !== undefined) out.add(element, whole(plan, r0));
    out.remove(element, LEAF);
  } else {
    if (l0 !== undefined) out.remove(element, whole(plan, l0));
    out.add(element, LEAF);
  }
}

/** Without a schema both sides say what they are; where they are of different kinds each is looked at for itself. */
function compareDeduced(l: JsonValue, r: JsonValue): Difference | undefined {
  if (isObject(l) && isObject(r)) {
    return isEmptyContainer(l) && isEmptyContainer(r) ? undefined : compareMaps(DEDUCED_MAP, l, r);
  }
  if (!isObject(l) && !isObject(r)) return same(DEDUCED, l, r) ? undefined : CHANGED_LEAF;
  const map = compareMaps(DEDUCED_MAP, isObject(l) ? l : {}, isObject(r) ? r : {});
  if (l === null || r === null) return map ?? CHANGED_LEAF;
  return { changed: union({ '.': LEAF }, map?.changed ?? LEAF), removed: map?.removed };
}
const DEDUCED_MAP: MapPlan = { k: 'map', atomic: false, of: DEDUCED };

/** The paths of a value that is there on one side only: every container and every leaf. */
export function whole(plan: Plan, v: JsonValue): FieldSet {
  switch (plan.k) {
    case 'scalar':
      return LEAF;
    case 'struct':
      return plan.atomic || !isObject(v) ? LEAF : wholeStruct(plan, v);
    case 'map':
      return plan.atomic || !isObject(v) ? LEAF : wholeMap(plan.of, v);
    case 'list':
      return plan.rel === 'atomic' || !Array.isArray(v) ? LEAF : wholeList(plan, v);
    case 'deduced':
      return isObject(v) ? wholeMap(DEDUCED, v) : LEAF;
  }
}

function wholeStruct(plan: StructPlan, v: JsonObject): FieldSet {
  const builder = new NodeBuilder(true);
  for (const name in v) {
    const raw = v[name];
    if (raw === undefined) continue;
    const field = plan.fields.get(name);
    if (field === undefined) {
      if (plan.others !== undefined) builder.add(`f:${name}`, whole(plan.others, raw));
      continue;
    }
    const value = field.value(raw);
    if (value !== undefined) builder.add(field.element, whole(field.plan, value));
  }
  for (const field of plan.zeros) {
    if (v[field.name] === undefined && field.zero !== undefined) {
      builder.add(field.element, whole(field.plan, field.zero));
    }
  }
  return builder.build() ?? LEAF;
}

function wholeMap(of: Plan, v: JsonObject): FieldSet {
  const builder = new NodeBuilder(true);
  for (const name in v) {
    const value = v[name];
    if (value !== undefined) builder.add(`f:${name}`, whole(of, value));
  }
  return builder.build() ?? LEAF;
}

function wholeList(plan: ListPlan, v: JsonValue[]): FieldSet {
  const builder = new NodeBuilder(true);
  for (const [element, items] of indexItems(plan, v)) {
    builder.add(element, items.length === 1 ? whole(plan.of, items[0] ?? null) : LEAF);
  }
  return builder.build() ?? LEAF;
}

/** Two values of one type are the same: numbers by value, objects without regard to order, unset as zero. */
export function same(plan: Plan, l: JsonValue, r: JsonValue): boolean {
  if (l === r) return true;
  if (l === null || r === null) return false;
  if (typeof l !== 'object' || typeof r !== 'object') {
    // A bigint and a number may be the same integer.
    // oxlint-disable-next-line eqeqeq
    return (typeof l === 'bigint' || typeof r === 'bigint') && typeof l !== 'string' && typeof r !== 'string' && l == r;
  }
  if (Array.isArray(l)) {
    if (!Array.isArray(r) || l.length !== r.length) return false;
    const of = plan.k === 'list' ? plan.of : DEDUCED;
    for (let i = 0; i < l.length; i++) if (!same(of, l[i] ?? null, r[i] ?? null)) return false;
    return true;
  }
  if (Array.isArray(r)) return false;
  return plan.k === 'struct' ? sameStructs(plan, l, r) : sameMaps(plan.k === 'map' ? plan.of : DEDUCED, l, r);
}

function sameStructs(plan: StructPlan, l: JsonObject, r: JsonObject): boolean {
  for (const name in r) if (!sameField(plan, name, memberOf(l, name), memberOf(r, name))) return false;
  for (const name in l)
    if (memberOf(r, name) === undefined && !sameField(plan, name, memberOf(l, name), undefined)) return false;
  return true;
}
function sameField(plan: StructPlan, name: string, l: JsonValue | undefined, r: JsonValue | undefined): boolean {
  if (l === r) return true;
  const field = plan.fields.get(name);
  const lv = field === undefined ? l : field.value(l);
  const rv = field === undefined ? r : field.value(r);
  if (lv === undefined || rv === undefined) return lv === rv;
  return same(field === undefined ? DEDUCED : field.plan, lv, rv);
}

function sameMaps(of: Plan, l: JsonObject, r: JsonObject): boolean {
  let count = 0;
  for (const name in r) {
    const rv = memberOf(r, name);
    if (rv === undefined) continue;
    const lv = memberOf(l, name);
    if (lv === undefined || !same(of, lv, rv)) return false;
    count++;
  }
  for (const name in l) if (memberOf(l, name) !== undefined) count--;
  return count === 0;
}
