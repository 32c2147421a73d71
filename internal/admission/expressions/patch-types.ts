import { CelError, type CelType, DYN, STRING, type TypeProvider, type Value } from '../../cel/index.js';
import { EntryMap } from '../../cel/values/value.js';

/* The types with which mutating policies build what they want: `Object`, `Object.spec` ... and `JSONPatch`. */

const OBJECT = 'Object';
const JSON_PATCH = 'JSONPatch';

const isObjectType = (name: string): boolean => name === OBJECT || name.startsWith(`${OBJECT}.`);

/** An `Object{...}`: any fields, and the name of its type. */
export class ObjectValue extends EntryMap {
  constructor(
    private readonly type: string,
    readonly fields: ReadonlyMap<string, Value>,
  ) {
    super(fields);
  }
  override get typeName(): string {
    return this.type;
  }
}

/** A `JSONPatch{...}`: one operation. */
export class JsonPatchValue extends EntryMap {
  constructor(readonly fields: ReadonlyMap<string, Value>) {
    super(fields);
  }
  override get typeName(): string {
    return JSON_PATCH;
  }
}

const OPERATION: ReadonlyMap<string, CelType> = new Map([
  ['op', STRING],
  ['path', STRING],
  ['from', STRING],
  ['value', DYN],
]);

export const PATCH_TYPES: TypeProvider = {
  hasStruct: (name) => name === JSON_PATCH || isObjectType(name),
  fieldType(struct, field) {
    if (struct === JSON_PATCH) return OPERATION.get(field);
    return isObjectType(struct) ? DYN : undefined;
  },
  make(struct, fields) {
    if (struct !== JSON_PATCH) return isObjectType(struct) ? new ObjectValue(struct, fields) : undefined;
    for (const [name, value] of fields) {
      if (name !== 'value' && typeof value !== 'string') {
        return new CelError(
          `unexpected type ${value === null ? '<nil>' : typeof value} for JSONPatchType '${name}' field`,
        );
      }
    }
    return new JsonPatchValue(fields);
  },
};
