import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import {
  DEDUCED,
  type ListPlan,
  type Plan,
  PlanField,
  type ScalarKind,
  scalarPlan,
  type StructPlan,
  writtenPlanOf,
} from './plan.js';
import { type ResetFilter, resetOf } from './reset.js';

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/**
 * The plan of a custom resource from the openAPIV3Schema of its version; compile it once per CRD version. Without a schema,
 * and below `x-kubernetes-preserve-unknown-fields`, objects merge field by field and lists are atomic.
 */
export function planOfSchema(schema: JsonObject | undefined): Plan {
  const root = schema === undefined ? DEDUCED : planOf(schema);
  const fields = new Map(root.k === 'struct' ? root.fields : []);
  addTypeMeta(fields);
  const others = root.k === 'struct' ? root.others : root.k === 'map' ? root.of : DEDUCED;
  return { k: 'struct', atomic: false, fields, zeros: [], others };
}

function field(name: string, compile: () => Plan): PlanField {
  return new PlanField(name, compile, undefined, false, false);
}
function addTypeMeta(fields: Map<string, PlanField>): void {
  for (const name of ['apiVersion', 'kind'])
    fields.set(
      name,
      field(name, () => scalarPlan('string')),
    );
  fields.set(
    'metadata',
    field('metadata', () => writtenPlanOf(OBJECT_META)),
  );
}

function planOf(schema: JsonObject): Plan {
  if (schema['x-kubernetes-int-or-string'] === true) return scalarPlan('any');
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const type = schema['type'];
  if (type === 'array') return listPlan(schema);
  if (type === 'object') return objectPlan(schema, open);
  const scalar = typeof type === 'string' ? SCALARS[type] : undefined;
  return scalar === undefined ? DEDUCED : scalarPlan(scalar);
}
const SCALARS: { readonly [type: string]: ScalarKind } = {
  string: 'string',
  integer: 'numeric',
  number: 'numeric',
  boolean: 'boolean',
};

function objectPlan(schema: JsonObject, open: boolean): Plan {
  const atomic = schema['x-kubernetes-map-type'] === 'atomic';
  const additional = schema['additionalProperties'];
  const others = isObject(additional) ? planOf(additional) : open || additional === true ? DEDUCED : undefined;
  const properties = isObject(schema['properties']) ? Object.entries(schema['properties']) : [];
  const fields = new Map<string, PlanField>();
  for (const [name, of] of properties) {
    if (isObject(of))
      fields.set(
        name,
        field(name, () => planOf(of)),
      );
  }
  if (schema['x-kubernetes-embedded-resource'] === true) addTypeMeta(fields);
  if (fields.size === 0 && others !== undefined) {
    return others.k === 'deduced' && !atomic ? DEDUCED : { k: 'map', atomic, of: others };
  }
  return { k: 'struct', atomic, fields, zeros: [], others } satisfies StructPlan;
}

function listPlan(schema: JsonObject): ListPlan {
  const items = isObject(schema['items']) ? schema['items'] : {};
  const type = schema['x-kubernetes-list-type'];
  const rel = type === 'map' || type === 'set' ? type : 'atomic';
  const names = rel === 'map' ? stringsOf(schema['x-kubernetes-list-map-keys']).sort() : [];
  const properties = isObject(items['properties']) ? items['properties'] : {};
  const keys = names.map((name) => {
    const property = properties[name];
    return { name, missing: isObject(property) ? property['default'] : undefined };
  });
  return { k: 'list', rel, keys, of: planOf(items) };
}
const stringsOf = (v: JsonValue | undefined): string[] =>
  Array.isArray(v) ? v.filter((s): s is string => typeof s === 'string') : [];

const exceptStatus = resetOf('status');
const onlyStatus = resetOf('metadata', 'spec');
const everything: ResetFilter = (set) => set;

/** What writers of a custom resource own; `hasStatus`: its version has the status subresource. */
export function customResourceFilter(subresource: string, hasStatus: boolean): ResetFilter {
  if (subresource === 'status') return onlyStatus;
  return subresource === '' && hasStatus ? exceptStatus : everything;
}
