/**
 * What the checker knows of a value. `dyn` is CEL's own "anything"; `unknown` is what this checker does not follow
 * (results of library functions), and never a reason to refuse.
 */
export type CelType =
  | { readonly kind: 'dyn' | 'unknown' }
  | { readonly kind: 'scalar'; readonly name: ScalarName }
  | { readonly kind: 'list'; readonly of: CelType }
  | { readonly kind: 'map'; readonly key: CelType; readonly of: CelType }
  | { readonly kind: 'object'; readonly name: string; readonly fields: ReadonlyMap<string, CelType> };

export type ScalarName =
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'bool'
  | 'null'
  | 'google.protobuf.Timestamp'
  | 'google.protobuf.Duration';

export const DYN: CelType = { kind: 'dyn' };
export const UNKNOWN: CelType = { kind: 'unknown' };
export const scalar = (name: ScalarName): CelType => ({ kind: 'scalar', name });
export const BOOL = scalar('bool');
export const INT = scalar('int');
export const STRING = scalar('string');
export const DOUBLE = scalar('double');
export const TIMESTAMP = scalar('google.protobuf.Timestamp');
export const DURATION = scalar('google.protobuf.Duration');
export const listOf = (of: CelType): CelType => ({ kind: 'list', of });
export const mapOf = (key: CelType, of: CelType): CelType => ({ kind: 'map', key, of });
export const objectOf = (name: string, fields: Readonly<Record<string, CelType>>): CelType => ({
  kind: 'object',
  name,
  fields: new Map(Object.entries(fields)),
});

/** As cel-go prints the type. */
export function typeText(t: CelType): string {
  switch (t.kind) {
    case 'dyn':
    case 'unknown':
      return 'dyn';
    case 'scalar':
      return t.name;
    case 'list':
      return `list(${typeText(t.of)})`;
    case 'map':
      return `map(${typeText(t.key)}, ${typeText(t.of)})`;
    case 'object':
      return t.name;
  }
}

export const isLoose = (t: CelType): boolean => t.kind === 'dyn' || t.kind === 'unknown';

/** Whether values of the two types can be equal; null can be where an object can. */
export function mayBeSame(a: CelType, b: CelType): boolean {
  if (isLoose(a) || isLoose(b)) return true;
  if (a.kind === 'list' && b.kind === 'list') return mayBeSame(a.of, b.of);
  if (a.kind === 'map' && b.kind === 'map') return mayBeSame(a.key, b.key) && mayBeSame(a.of, b.of);
  if (a.kind === 'object' && b.kind === 'object') return a.name === b.name;
  if (a.kind === 'scalar' && b.kind === 'scalar') return a.name === b.name;
  const isNull = (t: CelType): boolean => t.kind === 'scalar' && t.name === 'null';
  return isNull(a) || isNull(b);
}

/** The type that holds both. */
export function joined(a: CelType, b: CelType): CelType {
  if (a.kind === 'unknown' || b.kind === 'unknown') return UNKNOWN;
  return mayBeSame(a, b) && !isLoose(a) && !isLoose(b) ? a : DYN;
}
