import { append } from '../../machinery/append.js';
import type { JsonValue } from '../../machinery/json.js';
import { compareElements, type Element, normalizeElement } from './element.js';

/**
 * A set of field paths, kept as the FieldsV1 JSON itself, so that reading and writing managedFields costs nothing.
 *
 * A node is an object of steps. A path is in the set when its node has the step `.` or has no steps at all (a leaf, `{}`).
 * The root is not a path: `{}` there is the empty set. Nodes are immutable and shared; steps are in canonical order.
 */
export interface FieldSet {
  readonly [element: Element]: FieldSet;
}

/** A node without steps: as the root the empty set, below it one path. */
export const LEAF: FieldSet = Object.freeze({});
/** The set without a path. */
export const EMPTY: FieldSet = LEAF;

/** No path is in the set. */
export function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}
/** The path that leads to this node is itself in the set. */
export const isMember = (node: FieldSet): boolean => node['.'] !== undefined || isEmpty(node);

/** Collects the steps of one node, in any order. */
export class NodeBuilder {
  private readonly elements: Element[] = [];
  private readonly nodes: FieldSet[] = [];
  private sorted = true;
  private readonly member: boolean;
  /** `member`: the path of the node itself is in the set. */
  constructor(member: boolean) {
    this.member = member;
  }
  /** Each step at most once. */
  add(element: Element, node: FieldSet): void {
    const last = this.elements[this.elements.length - 1];
    if (last !== undefined && this.sorted && compareElements(last, element) > 0) this.sorted = false;
    this.elements.push(element);
    this.nodes.push(node);
  }
  /** The node, or undefined when neither it nor anything below it is in the set. */
  build(): FieldSet | undefined {
    const { elements, nodes } = this;
    if (elements.length === 0) return this.member ? LEAF : undefined;
    const out: Record<Element, FieldSet> = {};
    if (this.member) out['.'] = LEAF;
    if (this.sorted) {
      for (let i = 0; i < elements.length; i++) out[elements[i] as Element] = nodes[i] as FieldSet;
      return out;
    }
    const order = elements.map((_, i) => i);
    order.sort((i, j) => compareElements(elements[i] as Element, elements[j] as Element));
    for (const i of order) out[elements[i] as Element] = nodes[i] as FieldSet;
    return out;
  }
}

function unionNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  const member = isMember(a) || isMember(b);
  const builder = new NodeBuilder(member);
  let same = member === isMember(a);
  for (const e in a) {
    if (e === '.') continue;
    const ca = a[e] as FieldSet;
    const cb = b[e];
    const child = cb === undefined ? ca : unionNodes(ca, cb);
    if (child !== ca) same = false;
    builder.add(e, child);
  }
  for (const e in b) {
    if (e === '.' || a[e] !== undefined) continue;
    same = false;
    builder.add(e, b[e] as FieldSet);
  }
  return same ? a : (builder.build() ?? LEAF);
}

/** Every path of either set. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a)) return b;
  if (isEmpty(b)) return a;
  return unionRoots(a, b);
}
function unionRoots(a: FieldSet, b: FieldSet): FieldSet {
  const builder = new NodeBuilder(false);
  let same = true;
  for (const e in a) {
    const ca = a[e] as FieldSet;
    const cb = b[e];
    const child = cb === undefined ? ca : unionNodes(ca, cb);
    if (child !== ca) same = false;
    builder.add(e, child);
  }
  for (const e in b) {
    if (a[e] !== undefined) continue;
    same = false;
    builder.add(e, b[e] as FieldSet);
  }
  return same ? a : (builder.build() ?? EMPTY);
}

/** Rebuilds a node from what `pick` keeps of its children; the node itself is returned when nothing changed. */
function rebuild(
  node: FieldSet,
  wasMember: boolean,
  member: boolean,
  pick: (element: Element, child: FieldSet) => FieldSet | undefined,
): FieldSet | undefined {
  const builder = new NodeBuilder(member);
  let same = member === wasMember;
  for (const e in node) {
    if (e === '.') continue;
    const child = node[e] as FieldSet;
    const kept = pick(e, child);
    if (kept !== child) same = false;
    if (kept !== undefined) builder.add(e, kept);
  }
  return same ? node : builder.build();
}

/** What becomes of a child: with a namesake in `b` what `both` makes of the two, else it stays or goes. */
const paired =
  (b: FieldSet, alone: 'stays' | 'goes', both: (child: FieldSet, other: FieldSet) => FieldSet | undefined) =>
  (e: Element, child: FieldSet): FieldSet | undefined => {
    const other = b[e];
    if (other === undefined) return alone === 'stays' ? child : undefined;
    return both(child, other);
  };

function differenceNodes(a: FieldSet, b: FieldSet): FieldSet | undefined {
  const member = isMember(a);
  return rebuild(a, member, member && !isMember(b), paired(b, 'stays', differenceNodes));
}
/** The paths of `a` that are not in `b`. A path below one of `b` stays. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return isEmpty(b) ? a : (rebuild(a, false, false, paired(b, 'stays', differenceNodes)) ?? EMPTY);
}

function differenceBelow(a: FieldSet, b: FieldSet): FieldSet | undefined {
  if (isMember(b)) return undefined;
  const member = isMember(a);
  return rebuild(a, member, member, paired(b, 'stays', differenceBelow));
}
/** The paths of `a` that are neither in `b` nor below a path in `b`. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  return isEmpty(b) ? a : (rebuild(a, false, false, paired(b, 'stays', differenceBelow)) ?? EMPTY);
}

function intersectNodes(a: FieldSet, b: FieldSet): FieldSet | undefined {
  if (a === b) return a;
  const member = isMember(a);
  return rebuild(a, member, member && isMember(b), paired(b, 'goes', intersectNodes));
}
/** The paths that are in both sets. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a) || isEmpty(b)) return EMPTY;
  return rebuild(a, false, false, paired(b, 'goes', intersectNodes)) ?? EMPTY;
}

/** Both hold the same paths. */
export function equal(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  for (const e in b) if (a[e] === undefined) return false;
  for (const e in a) {
    const other = b[e];
    if (other === undefined || !equal(a[e] as FieldSet, other)) return false;
  }
  return true;
}

/** The set of the given paths. */
export function setOf(...paths: readonly (readonly Element[])[]): FieldSet {
  let set = EMPTY;
  for (const path of paths) {
    let node = LEAF;
    for (let i = path.length - 1; i >= 0; i--) node = { [path[i] as Element]: node };
    set = union(set, node);
  }
  return set;
}

/** Whether the path is in the set. */
export function has(set: FieldSet, path: readonly Element[]): boolean {
  let node: FieldSet | undefined = set;
  for (const e of path) node = node?.[e];
  return node !== undefined && path.length > 0 && isMember(node);
}

/** Every path, a node's own members before what is below them (the order in which Kubernetes lists conflicts). */
export function paths(set: FieldSet, prefix: readonly Element[] = []): Element[][] {
  const out: Element[][] = [];
  for (const e in set) if (e !== '.' && isMember(set[e] as FieldSet)) out.push([...prefix, e]);
  for (const e in set) if (e !== '.') append(out, paths(set[e] as FieldSet, [...prefix, e]));
  return out;
}

/** Reads FieldsV1 that a client sent into canonical form; undefined when it is malformed. At most 64 levels deep. */
export function parseFieldSet(fields: JsonValue | undefined, depth = 0): FieldSet | undefined {
  if (fields === null || fields === undefined) return depth === 0 ? EMPTY : LEAF;
  if (typeof fields !== 'object' || Array.isArray(fields) || depth > 64) return undefined;
  const steps = Object.keys(fields);
  const builder = new NodeBuilder(depth > 0 && (steps.length === 0 || steps.includes('.')));
  const seen = new Set<Element>();
  for (const step of steps) {
    if (step === '.') continue;
    const element = normalizeElement(step);
    const child = element === undefined ? undefined : parseFieldSet(fields[step], depth + 1);
    if (element === undefined || child === undefined) return undefined;
    if (seen.has(element)) continue;
    seen.add(element);
    builder.add(element, child);
  }
  return builder.build() ?? EMPTY;
}
