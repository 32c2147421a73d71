import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { EMPTY, type FieldSet, isEmpty, isMember, LEAF, NodeBuilder } from './fieldset.js';
import { checkKeyedItems, DEDUCED, itemElement, type ListPlan, type Plan } from './plan.js';

/**
 * The paths that an applier claims by naming them: leaves, items of lists and maps, and named fields that are null or `{}`.
 * Unlike what a comparison finds, a struct that has fields is not claimed itself.
 */
export function claimedFields(plan: Plan, obj: JsonObject): FieldSet {
  const builder = new NodeBuilder(false);
  claimMap(plan, obj, builder);
  return builder.build() ?? EMPTY;
}

/** Claims below one value; `member`: the path of the value is claimed too. */
function claim(plan: Plan, v: JsonValue, member: boolean): FieldSet | undefined {
  const builder = new NodeBuilder(member || isClaimedWhole(plan, v));
  if (isObject(v)) {
    if (isGranular(plan)) claimMap(plan, v, builder);
  } else if (Array.isArray(v) && plan.k === 'list' && plan.rel !== 'atomic') claimList(plan, v, builder);
  return builder.build();
}

const isGranular = (plan: Plan): boolean =>
  plan.k === 'deduced' || ((plan.k === 'struct' || plan.k === 'map') && !plan.atomic);

function isClaimedWhole(plan: Plan, v: JsonValue): boolean {
  switch (plan.k) {
    case 'scalar':
      return true;
    case 'list':
      return plan.rel === 'atomic';
    case 'deduced':
      return !isObject(v);
    case 'struct':
    case 'map':
      return plan.atomic;
  }
}

function claimMap(plan: Plan, obj: JsonObject, builder: NodeBuilder): void {
  for (const name in obj) {
    const v = obj[name];
    if (v === undefined) continue;
    const field = plan.k === 'struct' ? plan.fields.get(name) : undefined;
    const of = field?.plan ?? otherPlan(plan);
    const empty = v === null || (isObject(v) && Object.keys(v).length === 0);
    const node = claim(of, v, empty || field === undefined);
    if (node !== undefined) builder.add(`f:${name}`, node);
  }
}
const otherPlan = (plan: Plan): Plan => {
  if (plan.k === 'map') return plan.of;
  return plan.k === 'struct' ? (plan.others ?? DEDUCED) : DEDUCED;
};

function claimList(plan: ListPlan, list: readonly JsonValue[], builder: NodeBuilder): void {
  checkKeyedItems(list);
  const items = new Map<string, { v: JsonValue; duplicate: boolean }>();
  for (const v of list) {
    const element = itemElement(plan, v);
    if (typeof element !== 'string') continue;
    const known = items.get(element);
    if (known === undefined) items.set(element, { v, duplicate: false });
    else known.duplicate = true;
  }
  for (const [element, { v, duplicate }] of items) {
    builder.add(element, duplicate ? LEAF : (claim(plan.of, v, true) ?? LEAF));
  }
}

/**
 * The set with every named field above its paths added: what has `spec.replicas` also gets `spec`. Entries of maps and
 * items of lists are not added. Pruning thinks in these sets, because structs exist by their fields.
 */
export function withNamedFields(plan: Plan, set: FieldSet): FieldSet {
  return extend(plan, set, false) ?? EMPTY;
}
function extend(plan: Plan, node: FieldSet, member: boolean): FieldSet | undefined {
  const builder = new NodeBuilder(member);
  for (const e in node) {
    if (e === '.') continue;
    const child = node[e] as FieldSet;
    const field = plan.k === 'struct' && e.startsWith('f:') ? plan.fields.get(e.slice(2)) : undefined;
    const of = field?.plan ?? childPlan(plan, e);
    const next = extend(of, child, isMember(child) || field !== undefined);
    if (next !== undefined) builder.add(e, next);
  }
  return builder.build();
}

/**
 * The set as the type has it today: what is owned below a value that is atomic now is the value itself. Sets come from
 * clients and from older schemas. The set itself is returned when nothing has to change.
 */
export function reconcile(plan: Plan, set: FieldSet): FieldSet {
  return mapChildren(set, false, (e, child) => reconcileNode(stepPlan(plan, e), child));
}
function reconcileNode(plan: Plan, node: FieldSet): FieldSet {
  if (isEmpty(node)) return node;
  if (isAtomic(plan)) return LEAF;
  return mapChildren(node, isMember(node), (e, child) => reconcileNode(stepPlan(plan, e), child));
}
const isAtomic = (plan: Plan): boolean =>
  plan.k === 'list' ? plan.rel === 'atomic' : (plan.k === 'struct' || plan.k === 'map') && plan.atomic;
const stepPlan = (plan: Plan, element: string): Plan =>
  (plan.k === 'struct' && element.startsWith('f:') ? plan.fields.get(element.slice(2))?.plan : undefined) ??
  childPlan(plan, element);

function mapChildren(node: FieldSet, member: boolean, change: (e: string, child: FieldSet) => FieldSet): FieldSet {
  const builder = new NodeBuilder(member);
  let same = true;
  for (const e in node) {
    if (e === '.') continue;
    const child = node[e] as FieldSet;
    const next = change(e, child);
    if (next !== child) same = false;
    builder.add(e, next);
  }
  return same ? node : (builder.build() ?? EMPTY);
}

/** The plan of what a step other than a named field leads to. */
export function childPlan(plan: Plan, element: string): Plan {
  if (plan.k === 'list') return element.startsWith('k:') ? plan.of : DEDUCED;
  return otherPlan(plan);
}

/**
 * The value without the paths of the set. An atomic value with a path of the set below it goes whole; a container that
 * loses everything becomes null.
 */
export function removeFields(plan: Plan, v: JsonValue, set: FieldSet): JsonValue {
  if (Array.isArray(v)) {
    if (plan.k !== 'list' || plan.rel === 'atomic') return plan.k === 'scalar' ? v : null;
    return removeItems(plan, v, set);
  }
  if (!isObject(v)) return v;
  if (!isGranular(plan)) return plan.k === 'scalar' ? v : null;
  const out: JsonObject = {};
  let any = false;
  for (const name in v) {
    const value = v[name];
    if (value === undefined) continue;
    const node = set[`f:${name}`];
    if (node !== undefined && isMember(node)) continue;
    const of = (plan.k === 'struct' ? plan.fields.get(name)?.plan : undefined) ?? otherPlan(plan);
    out[name] = node === undefined ? value : removeFields(of, value, node);
    any = true;
  }
  return any ? out : null;
}

function removeItems(plan: ListPlan, list: readonly JsonValue[], set: FieldSet): JsonValue {
  const out: JsonValue[] = [];
  for (const item of list) {
    const element = itemElement(plan, item);
    const node = typeof element === 'string' ? set[element] : undefined;
    if (node === undefined) out.push(item);
    else if (!isMember(node)) out.push(removeFields(plan.of, item, node));
  }
  return out.length > 0 ? out : null;
}
