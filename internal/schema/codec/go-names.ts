import { typeByName } from '../index.js';
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

function refName(ref: TypeRef, leaf: string | undefined): string {
  if (ref.k === 'message') return structName(typeByName(ref.type));
  if (ref.k === 'list') return `[]${refName(ref.of, leaf)}`;
  if (ref.k === 'map') return `map[string]${refName(ref.of, leaf)}`;
  return ref.scalar === 'string' ? (leaf ?? 'string') : SCALAR_NAMES[ref.scalar];
}

/** `map[string]string`, `[]v1.Container`, `v1.RestartPolicy`: how Go's error texts name the type of a field. */
export function goTypeName(_type: TypeDef, field: FieldDef): string {
  return refName(field.ref, undefined);
}

/** The Go name of the embedded struct that a field comes from, or undefined. */
export function embeddedName(_type: TypeDef, _field: FieldDef): string | undefined {
  return undefined;
}
