import type { JsonValue } from '../../machinery/json.js';
import { requestEntityTooLarge } from '../../machinery/status.js';
import { typeByName } from '../index.js';
import type { FieldDef, Scalar, TypeDef, TypeRef } from '../types.js';
import { canonicalJson, type Element, fieldElement, valueElement } from './element.js';

/** What a leaf must be to fit; `any` is a number, string or boolean, `raw` whatever JSON. */
export type ScalarKind = 'string' | 'numeric' | 'boolean' | 'any' | 'raw';

/** How one type takes part in merging and ownership, compiled once per type from the type tables. */
export type Plan = ScalarPlan | StructPlan | MapPlan | ListPlan | DeducedPlan;
export interface ScalarPlan {
  readonly k: 'scalar';
  readonly scalar: ScalarKind;
}
export interface StructPlan {
  readonly k: 'struct';
  /** One leaf: owned and replaced as a whole. */
  readonly atomic: boolean;
  readonly fields: ReadonlyMap<string, PlanField>;
  /** Fields that are written also when they are zero. */
  readonly zeros: readonly PlanField[];
  /** Type of fields that `fields` does not name; absent: there are none. */
  readonly others?: Plan | undefined;
}
export interface MapPlan {
  readonly k: 'map';
  readonly atomic: boolean;
  readonly of: Plan;
}
export interface ListPlan {
  readonly k: 'list';
  readonly rel: 'atomic' | 'set' | 'map';
  /** Key fields by name, with the value that an item has which leaves it out. */
  readonly keys: readonly { readonly name: string; readonly missing: JsonValue | undefined }[];
  readonly of: Plan;
}
/** No schema: objects merge field by field, lists are atomic. */
export interface DeducedPlan {
  readonly k: 'deduced';
}

/** One field of a struct; its own plan is compiled when it is first needed. */
export class PlanField {
  readonly name: string;
  readonly element: Element;
  /** The value that Go writes when the field is unset; undefined when it writes nothing. */
  readonly zero: JsonValue | undefined;
  /** Go's zero values (`''`, 0, false, empty lists and maps) mean the same as absent. */
  readonly omitEmpty: boolean;
  /** A Go field: null means unset. Without it null is a value. */
  readonly typed: boolean;
  private compiled: Plan | undefined;
  private readonly compile: () => Plan;
  constructor(name: string, compile: () => Plan, zero: JsonValue | undefined, omitEmpty: boolean, typed: boolean) {
    this.name = name;
    this.element = fieldElement(name);
    this.compile = compile;
    this.zero = zero;
    this.omitEmpty = omitEmpty;
    this.typed = typed;
  }
  get plan(): Plan {
    return (this.compiled ??= this.compile());
  }
  /** What the field holds as far as ownership is concerned; undefined when it is absent. */
  value(v: JsonValue | undefined): JsonValue | undefined {
    if (v === undefined) return this.zero;
    if (!this.typed) return v;
    if (v === null) return this.zero;
    if (!this.omitEmpty) return v;
    if (v === '' || v === 0 || v === false) return undefined;
    if (typeof v === 'object') {
      if (Array.isArray(v)) return v.length === 0 ? undefined : v;
      for (const _ in v) return v;
      return undefined;
    }
    return v;
  }
}

export const DEDUCED: DeducedPlan = { k: 'deduced' };
const scalars: Readonly<Record<ScalarKind, ScalarPlan>> = {
  string: { k: 'scalar', scalar: 'string' },
  numeric: { k: 'scalar', scalar: 'numeric' },
  boolean: { k: 'scalar', scalar: 'boolean' },
  any: { k: 'scalar', scalar: 'any' },
  raw: { k: 'scalar', scalar: 'raw' },
};
/** The plan of a scalar. */
export const scalarPlan = (kind: ScalarKind): ScalarPlan => scalars[kind];

const SCALARS: Readonly<Record<Scalar, Plan>> = {
  string: scalars.string,
  bool: scalars.boolean,
  int32: scalars.numeric,
  int64: scalars.numeric,
  double: scalars.numeric,
  bytes: scalars.string,
  quantity: scalars.any,
  intOrString: scalars.any,
  time: scalars.string,
  microTime: scalars.string,
  duration: scalars.string,
  rawExtension: scalars.raw,
  json: scalars.raw,
  fieldsV1: scalars.raw,
};

/** The JSON of a Go field that was never set, when it is written at all. */
function zeroOf(field: FieldDef): JsonValue | undefined {
  if (field.always !== true) return undefined;
  if (field.pointer === true || field.ref.k === 'list' || field.ref.k === 'map') return null;
  if (field.ref.k === 'message') return {};
  return ZEROS[field.ref.scalar] ?? null;
}
const ZEROS: { readonly [scalar in Scalar]?: JsonValue } = {
  string: '',
  bool: false,
  int32: 0,
  int64: 0,
  double: 0,
  intOrString: 0,
  quantity: '0',
  duration: '0s',
};

/** Finds types by definition name; the built-in tables unless a test brings its own. */
export type TypeLookup = (name: string) => TypeDef;

/** Compiles plans and keeps them by type. `typed`: objects are Go structs; custom resources hold what was written. */
export class PlanCompiler {
  private readonly structs = new Map<string, Plan>();
  private readonly lookup: TypeLookup;
  private readonly typed: boolean;
  constructor(lookup: TypeLookup, typed = true) {
    this.lookup = lookup;
    this.typed = typed;
  }

  /** The plan of the type with this definition name. */
  ofType(name: string): Plan {
    const known = this.structs.get(name);
    if (known !== undefined) return known;
    const plan = this.compileStruct(this.lookup(name));
    this.structs.set(name, plan);
    return plan;
  }

  private compileStruct(type: TypeDef): Plan {
    if (type.oneOf !== undefined) return scalars.raw;
    const fields = new Map<string, PlanField>();
    const zeros: PlanField[] = [];
    for (const field of type.fields.values()) {
      const planned = this.compileField(field);
      fields.set(field.name, planned);
      if (planned.zero !== undefined) zeros.push(planned);
    }
    return { k: 'struct', atomic: type.mapType === 'atomic', fields, zeros };
  }

  private compileField(field: FieldDef): PlanField {
    const zero = this.typed ? zeroOf(field) : undefined;
    const omitEmpty = this.typed && field.always !== true && field.pointer !== true;
    return new PlanField(field.name, () => this.ofField(field), zero, omitEmpty, this.typed);
  }

  private ofField(field: FieldDef): Plan {
    const plan = this.ofRef(field.ref, field);
    if (field.mapType === undefined || (plan.k !== 'struct' && plan.k !== 'map')) return plan;
    return { ...plan, atomic: field.mapType === 'atomic' };
  }

  private ofRef(ref: TypeRef, field: FieldDef | undefined): Plan {
    switch (ref.k) {
      case 'scalar':
        return SCALARS[ref.scalar];
      case 'message':
        return this.ofType(ref.type);
      case 'map':
        return { k: 'map', atomic: false, of: this.ofRef(ref.of, undefined) };
      case 'list':
        return this.ofList(ref.of, field);
    }
  }

  private ofList(of: TypeRef, field: FieldDef | undefined): ListPlan {
    const { rel, keys } = listRelation(field);
    const fields = of.k === 'message' && rel === 'map' ? this.lookup(of.type).fields : undefined;
    return {
      k: 'list',
      rel,
      keys: keys.map((name) => ({ name, missing: missingKey(fields?.get(name)) })),
      of: this.ofRef(of, undefined),
    };
  }
}

/** list-type and its keys; a patch strategy of `merge` stands in for a missing list-type. */
function listRelation(field: FieldDef | undefined): { rel: ListPlan['rel']; keys: readonly string[] } {
  if (field?.listType !== undefined) return { rel: field.listType, keys: [...(field.listMapKeys ?? [])].sort() };
  if (field?.patchStrategy?.split(',').includes('merge') !== true) return { rel: 'atomic', keys: [] };
  return field.patchMergeKey === undefined ? { rel: 'set', keys: [] } : { rel: 'map', keys: [field.patchMergeKey] };
}

/** OpenAPI's default of a key field: its own, or the zero value of a scalar that is always written. */
function missingKey(field: FieldDef | undefined): JsonValue | undefined {
  if (field === undefined) return undefined;
  if (field.default !== undefined) return field.default as JsonValue;
  const zero = zeroOf(field);
  return typeof zero === 'object' ? undefined : zero;
}

const builtIn = new PlanCompiler(typeByName);
const asWritten = new PlanCompiler(typeByName, false);
/** The plan of a built-in type, for objects as Go holds them. */
export const planOf = (typeName: string): Plan => builtIn.ofType(typeName);
/** The plan of a built-in type for objects as somebody wrote them: unset, null and zero are three things. */
export const writtenPlanOf = (typeName: string): Plan => asWritten.ofType(typeName);

/** Items of one list with keys, or of one set; with their managedFields more would come near etcd's limit. */
const MAX_KEYED_ITEMS = 5_000;

/** Throws 413 for a list of more items than can be owned one by one. */
export function checkKeyedItems(list: readonly JsonValue[]): void {
  if (list.length <= MAX_KEYED_ITEMS) return;
  throw requestEntityTooLarge(`limit is ${MAX_KEYED_ITEMS} items of a list whose items are owned one by one`);
}

/** The step to an item of an associative list, or the words of what is wrong with the item. */
export function itemElement(plan: ListPlan, item: JsonValue): Element | { readonly error: string } {
  if (plan.rel === 'set') return setElement(item);
  if (item === null) return { error: 'associative list with keys may not have a null element' };
  if (typeof item !== 'object' || Array.isArray(item)) {
    return { error: 'associative list with keys may not have non-map elements' };
  }
  let text = 'k:{';
  for (let i = 0; i < plan.keys.length; i++) {
    const key = plan.keys[i];
    if (key === undefined) break;
    const own = item[key.name];
    const value = own === undefined ? key.missing : own;
    if (value === undefined) {
      return {
        error: `associative list with keys has an element that omits key field ${JSON.stringify(key.name)} (and doesn't have default value)`,
      };
    }
    text += `${i === 0 ? '"' : ',"'}${key.name}":${canonicalJson(value)}`;
  }
  return `${text}}`;
}

function setElement(item: JsonValue): Element | { readonly error: string } {
  if (item === null) return { error: "associative list without keys has an element that's an explicit null" };
  if (Array.isArray(item)) return { error: 'not supported: associative list with lists as elements' };
  if (typeof item === 'object') return { error: "associative list without keys has an element that's a map type" };
  return valueElement(item);
}
