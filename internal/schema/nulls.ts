import { isObject, type JsonObject, type JsonValue } from '../machinery/json.js';
import { findType } from './index.js';
import type { FieldDef, TypeRef } from './types.js';

/*
 * Go writes `null` for a nil list, map, time or pointer that has no `omitempty`: `"eventTime":null`, `"rules":null`. Stored and
 * answered text has those nulls; objects in memory do not, so that absent means one thing there.
 */

const NULL_SCALARS: ReadonlySet<string> = new Set(['time', 'microTime', 'rawExtension', 'json', 'fieldsV1', 'bytes']);

function isNullable(field: FieldDef): boolean {
  if (field.always !== true) return false;
  const { ref } = field;
  if (field.pointer === true) return ref.k === 'scalar';
  return ref.k === 'list' || ref.k === 'map' || (ref.k === 'scalar' && NULL_SCALARS.has(ref.scalar));
}

interface Plan {
  /** Lists and maps: null also when they are empty. */
  readonly containers: readonly string[];
  /** Times, bytes, values without a schema and pointers: null when they are absent. */
  readonly scalars: readonly string[];
  /** Fields below which there are more. */
  readonly inner: { readonly name: string; readonly shape: 'one' | 'list' | 'map'; readonly plan: Plan }[];
}

const plans = new Map<string, Plan | undefined>();

function messageOf(ref: TypeRef): { shape: 'one' | 'list' | 'map'; type: string } | undefined {
  if (ref.k === 'message') return { shape: 'one', type: ref.type };
  if (ref.k === 'scalar') return undefined;
  return ref.of.k === 'message' ? { shape: ref.k, type: ref.of.type } : undefined;
}

/** Undefined when nothing in the type, however deep, is nullable. Types that contain themselves are taken not to be. */
function planOf(typeName: string): Plan | undefined {
  if (plans.has(typeName)) return plans.get(typeName);
  plans.set(typeName, undefined);
  const type = findType(typeName);
  if (type === undefined || type.oneOf !== undefined) return undefined;
  const containers: string[] = [];
  const scalars: string[] = [];
  const inner: Plan['inner'] = [];
  for (const field of type.fields.values()) {
    if (isNullable(field)) (field.ref.k === 'scalar' ? scalars : containers).push(field.name);
    const message = messageOf(field.ref);
    if (message === undefined) continue;
    const plan = planOf(message.type);
    if (plan !== undefined) inner.push({ name: field.name, shape: message.shape, plan });
  }
  const none = containers.length === 0 && scalars.length === 0 && inner.length === 0;
  const plan = none ? undefined : { containers, scalars, inner };
  plans.set(typeName, plan);
  return plan;
}

type Action = (o: JsonObject, field: string, container: boolean) => void;

const fill: Action = (o, field, container) => {
  const v = o[field];
  if (v === undefined) o[field] = null;
  else if (!container) return;
  else if (Array.isArray(v) ? v.length === 0 : isObject(v) && Object.keys(v).length === 0) o[field] = null;
};

const drop: Action = (o, field) => {
  if (o[field] === null) delete o[field];
};

function walk(plan: Plan, o: JsonObject, action: Action): void {
  for (const field of plan.containers) action(o, field, true);
  for (const field of plan.scalars) action(o, field, false);
  for (const { name, shape, plan: next } of plan.inner) {
    const v: JsonValue | undefined = o[name];
    if (typeof v !== 'object' || v === null) continue;
    if (shape === 'one') {
      if (isObject(v)) walk(next, v, action);
    } else {
      for (const item of Array.isArray(v) ? v : Object.values(v)) if (isObject(item)) walk(next, item, action);
    }
  }
}

/** Puts `null` where Go would write it, in place; an empty list or map there becomes null too, as in kube-apiserver's store. */
export function writeNulls(typeName: string, obj: JsonObject): void {
  const plan = typeName === '' ? undefined : planOf(typeName);
  if (plan !== undefined) walk(plan, obj, fill);
}

/** Takes them out again, in place. */
export function dropNulls(typeName: string, obj: JsonObject): void {
  const plan = typeName === '' ? undefined : planOf(typeName);
  if (plan !== undefined) walk(plan, obj, drop);
}
