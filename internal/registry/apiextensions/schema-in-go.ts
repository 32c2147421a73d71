import { sortedKeys } from '../../machinery/field.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';

// Field errors of whole versions print them as Go's JSON encoder writes kube-apiserver's internal types
// (apiextensions-apiserver/pkg/apis/apiextensions/types_jsonschema.go): no tags, so every field is there, in its order.

/** How many schemas are still printed. */
export interface Budget {
  left: number;
}
/** A field error's value is cut at 65,536 characters, and each schema has some 500 before those in it. */
export const MAX_SHOWN_SCHEMAS = 200;

type Form = (v: JsonValue | undefined, budget: Budget) => JsonValue;

const or =
  (zero: JsonValue): Form =>
  (v) =>
    v ?? zero;
const text = or('');
const flag = or(false);
const pointer = or(null);
const list =
  (of: Form): Form =>
  (v, budget) =>
    Array.isArray(v) ? v.map((item) => of(item, budget)) : null;
const map =
  (of: Form): Form =>
  (v, budget) =>
    isObject(v) ? Object.fromEntries(sortedKeys(v).map((key) => [key, of(v[key], budget)])) : null;

/** A struct from its fields: Go's name, ours, the form of the value. */
type Fields = readonly (readonly [string, string, Form])[];
function struct(o: JsonObject, fields: Fields, budget: Budget): JsonObject {
  return Object.fromEntries(fields.map(([goName, name, form]) => [goName, form(o[name] ?? undefined, budget)]));
}
const pointerTo =
  (fields: () => Fields): Form =>
  (v, budget) =>
    isObject(v) ? struct(v, fields(), budget) : null;

const schema: Form = (v, budget) => (isObject(v) && budget.left-- > 0 ? struct(v, SCHEMA, budget) : null);
const schemaOrBool: Form = (v, budget) => {
  if (isObject(v)) return { Allows: true, Schema: schema(v, budget) };
  return typeof v === 'boolean' ? { Allows: v, Schema: null } : null;
};
const schemaOrList: Form = (v, budget) => {
  if (Array.isArray(v)) return { Schema: null, JSONSchemas: v.map((item) => schema(item, budget)) };
  return isObject(v) ? { Schema: schema(v, budget), JSONSchemas: null } : null;
};
const schemaOrNames: Form = (v, budget) => {
  if (Array.isArray(v)) return { Schema: null, Property: v };
  return isObject(v) ? { Schema: schema(v, budget), Property: null } : null;
};

const RULE = [
  ['Rule', 'rule', text],
  ['Message', 'message', text],
  ['MessageExpression', 'messageExpression', text],
  ['Reason', 'reason', pointer],
  ['FieldPath', 'fieldPath', text],
  ['OptionalOldSelf', 'optionalOldSelf', pointer],
] as const;
const DOCUMENTATION = [
  ['Description', 'description', text],
  ['URL', 'url', text],
] as const;

const SCHEMA: Fields = [
  ['ID', 'id', text],
  ['Schema', '$schema', text],
  ['Ref', '$ref', pointer],
  ['Description', 'description', text],
  ['Type', 'type', text],
  ['Nullable', 'nullable', flag],
  ['Format', 'format', text],
  ['Title', 'title', text],
  ['Default', 'default', pointer],
  ['Maximum', 'maximum', pointer],
  ['ExclusiveMaximum', 'exclusiveMaximum', flag],
  ['Minimum', 'minimum', pointer],
  ['ExclusiveMinimum', 'exclusiveMinimum', flag],
  ['MaxLength', 'maxLength', pointer],
  ['MinLength', 'minLength', pointer],
  ['Pattern', 'pattern', text],
  ['MaxItems', 'maxItems', pointer],
  ['MinItems', 'minItems', pointer],
  ['UniqueItems', 'uniqueItems', flag],
  ['MultipleOf', 'multipleOf', pointer],
  ['Enum', 'enum', pointer],
  ['MaxProperties', 'maxProperties', pointer],
  ['MinProperties', 'minProperties', pointer],
  ['Required', 'required', pointer],
  ['Items', 'items', schemaOrList],
  ['AllOf', 'allOf', list(schema)],
  ['OneOf', 'oneOf', list(schema)],
  ['AnyOf', 'anyOf', list(schema)],
  ['Not', 'not', schema],
  ['Properties', 'properties', map(schema)],
  ['AdditionalProperties', 'additionalProperties', schemaOrBool],
  ['PatternProperties', 'patternProperties', map(schema)],
  ['Dependencies', 'dependencies', map(schemaOrNames)],
  ['AdditionalItems', 'additionalItems', schemaOrBool],
  ['Definitions', 'definitions', map(schema)],
  ['ExternalDocs', 'externalDocs', pointerTo(() => DOCUMENTATION)],
  ['Example', 'example', pointer],
  ['XPreserveUnknownFields', 'x-kubernetes-preserve-unknown-fields', pointer],
  ['XEmbeddedResource', 'x-kubernetes-embedded-resource', flag],
  ['XIntOrString', 'x-kubernetes-int-or-string', flag],
  ['XListMapKeys', 'x-kubernetes-list-map-keys', pointer],
  ['XListType', 'x-kubernetes-list-type', pointer],
  ['XMapType', 'x-kubernetes-map-type', pointer],
  ['XValidations', 'x-kubernetes-validations', list(pointerTo(() => RULE))],
];

const SCALE = [
  ['SpecReplicasPath', 'specReplicasPath', text],
  ['StatusReplicasPath', 'statusReplicasPath', text],
  ['LabelSelectorPath', 'labelSelectorPath', pointer],
] as const;

/** `schema` of a version. */
export const validationInGo: Form = pointerTo(() => [['OpenAPIV3Schema', 'openAPIV3Schema', schema]]);

/** `subresources` of a version. */
export const subresourcesInGo: Form = pointerTo(() => [
  ['Status', 'status', pointerTo(() => [])],
  ['Scale', 'scale', pointerTo(() => SCALE)],
]);

/** `additionalPrinterColumns` of a version. */
export const columnsInGo: Form = list(
  pointerTo(() => [
    ['Name', 'name', text],
    ['Type', 'type', text],
    ['Format', 'format', text],
    ['Description', 'description', text],
    ['Priority', 'priority', or(0)],
    ['JSONPath', 'jsonPath', text],
  ]),
);

/** `selectableFields` of a version. */
export const selectableFieldsInGo: Form = list(pointerTo(() => [['JSONPath', 'jsonPath', text]]));
