import type { FieldDef, TypeDef } from '../types.js';

/** A message as it lies on the wire: the fields of Go's embedded structs are in messages of their own. */
export interface Layout {
  /** By ascending number, as gogo/protobuf writes them. */
  readonly entries: readonly LayoutEntry[];
}
export type LayoutEntry =
  | { readonly number: number; readonly field: FieldDef }
  | { readonly number: number; readonly embedded: Layout };

interface Building {
  readonly fields: FieldDef[];
  readonly embedded: Map<number, Building>;
}

function build(b: Building): Layout {
  const entries: LayoutEntry[] = [
    ...b.fields.map((field) => ({ number: field.number, field })),
    ...[...b.embedded].map(([number, inner]) => ({ number, embedded: build(inner) })),
  ];
  return { entries: entries.sort((x, y) => x.number - y.number) };
}

/** The wire layout of a type; fields without a number are left out. */
export function layoutOf(type: TypeDef): Layout {
  const root: Building = { fields: [], embedded: new Map() };
  for (const field of type.fields.values()) {
    if (field.number === 0) continue;
    let at = root;
    for (const number of field.embedded ?? []) {
      let inner = at.embedded.get(number);
      if (inner === undefined) at.embedded.set(number, (inner = { fields: [], embedded: new Map() }));
      at = inner;
    }
    at.fields.push(field);
  }
  return build(root);
}
