import { typeByName } from '../index.js';
import { embeddedStructs, namedType } from './go-type-names.js';
import type { FieldDef, Scalar, TypeDef, TypeRef } from '../types.js';

/** `v1.PodSpec`: how Go's error texts name the struct of a type. */
export function structName(type: TypeDef): string {
  const parts = type.name.split('.');
  return parts.slice(-2).join('.');
}

/** Go's names of the scalars; strings are `string` unless the field says otherwise. */
const SCALAR_NAMES: Readonly<Record<Scalar, string>> = {
  string: 'string',
  bool: 'bool',
  int32: 'int32',
  int64: 'int64',
  double: 'float64',
  bytes: '[]uint8',
  quantity: 'resource.Quantity',
  intOrString: 'intstr.IntOrString',
  time: 'v1.Time',
  microTime: 'v1.MicroTime',
  duration: 'v1.Duration',
  rawExtension: 'runtime.RawExtension',
  json: 'v1.JSON',
  fieldsV1: 'v1.FieldsV1',
};

/** How Go prints the type of a reference whose strings have no name of their own. */
export function refName(ref: TypeRef, leaf = 'string'): string {
  if (ref.k === 'message') return structName(typeByName(ref.type));
  if (ref.k === 'list') return `[]${refName(ref.of, leaf)}`;
  if (ref.k === 'map') return `map[string]${refName(ref.of, leaf)}`;
  return ref.scalar === 'string' ? leaf : SCALAR_NAMES[ref.scalar];
}

function qualified(name: string, version: string): string {
  return name.includes('.') ? name : `${version}.${name}`;
}

/** `map[string]string`, `[]v1.Container`, `v1.RestartPolicy`: how Go's error texts name the type of a field. */
export function goTypeName(type: TypeDef, field: FieldDef): string {
  const parts = type.name.split('.');
  const version = parts.at(-2) ?? '';
  const named = namedType(parts.slice(-3).join('.'), field.name);
  if (named === undefined) return refName(field.ref);
  if (named.startsWith('=map[string]')) return `map[string]${qualified(named.slice(12), version)}`;
  if (named.startsWith('=')) return qualified(named.slice(1), version);
  const [key, value] = named.split('>');
  if (value !== undefined) return `map[${qualified(key ?? '', version)}]${qualified(value, version)}`;
  return refName(field.ref, qualified(named, version));
}

/** The type of the items of a list or map whose own type is printed as `whole`. */
export function itemTypeName(whole: string, of: TypeRef): string {
  if (whole.startsWith('[]')) return whole.slice(2);
  return whole.startsWith('map[') ? whole.slice(whole.indexOf(']') + 1) : refName(of);
}

/** The Go names of the embedded structs that a field comes from, outermost first. */
export function embeddedNames(type: TypeDef, field: FieldDef): readonly string[] {
  const { embedded } = field;
  if (embedded === undefined) return NONE;
  return embeddedStructs(type.name.slice(type.name.lastIndexOf('.') + 1)).slice(0, embedded.length);
}
const NONE: readonly string[] = [];
