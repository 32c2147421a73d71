/** Kinds of CEL type. `struct` has named fields (which a TypeProvider knows); `opaque` is an abstract type with parameters. */
export type TypeKind =
  | 'dyn'
  | 'error'
  | 'param'
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration'
  | 'list'
  | 'map'
  | 'type'
  | 'struct'
  | 'opaque';

/** A type. `name` is how it is called at run time (`type(x)`), `params` the types of its elements. */
export interface CelType {
  readonly kind: TypeKind;
  readonly name: string;
  readonly params: readonly CelType[];
}

const simple = (kind: TypeKind, name: string = kind): CelType => ({ kind, name, params: [] });

export const DYN = simple('dyn');
export const ERROR_TYPE = simple('error', '!error!');
export const NULL = simple('null', 'null_type');
export const BOOL = simple('bool');
export const INT = simple('int');
export const UINT = simple('uint');
export const DOUBLE = simple('double');
export const STRING = simple('string');
export const BYTES = simple('bytes');
export const TIMESTAMP = simple('timestamp', 'google.protobuf.Timestamp');
export const DURATION = simple('duration', 'google.protobuf.Duration');
export const TYPE = simple('type');

export const listOf = (element: CelType): CelType => ({ kind: 'list', name: 'list', params: [element] });
export const mapOf = (key: CelType, value: CelType): CelType => ({ kind: 'map', name: 'map', params: [key, value] });
export const typeOf = (of: CelType): CelType => ({ kind: 'type', name: 'type', params: [of] });
export const typeParam = (name: string): CelType => simple('param', name);
export const structType = (name: string): CelType => simple('struct', name);
export const opaqueType = (name: string, ...params: CelType[]): CelType => ({ kind: 'opaque', name, params });
export const optionalOf = (of: CelType): CelType => opaqueType('optional_type', of);

export const isDyn = (t: CelType): boolean => t.kind === 'dyn';
export const isOptional = (t: CelType): boolean => t.kind === 'opaque' && t.name === 'optional_type';
/** What an optional type is of, or the type itself. */
export const unwrapped = (t: CelType): CelType => (isOptional(t) ? (t.params[0] ?? DYN) : t);

/** Whether two types are the same; the names of type parameters count unless `anyParam`. */
export function sameType(a: CelType, b: CelType, anyParam = false): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.params.length !== b.params.length) return false;
  if (a.name !== b.name && !(anyParam && a.kind === 'param')) return false;
  return a.params.every((p, i) => sameType(p, b.params[i] as CelType, anyParam));
}

/** A type as cel-go's messages print it. */
export function typeText(t: CelType): string {
  const printed = t.kind === 'null' || t.kind === 'timestamp' || t.kind === 'duration' ? t.kind : t.name;
  return t.params.length === 0 ? printed : `${printed}(${t.params.map(typeText).join(', ')})`;
}
