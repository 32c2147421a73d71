import type { FieldSelector } from '../machinery/fields.js';
import { matchesFields, requiredValue } from '../machinery/fields.js';
import type { LabelSelector } from '../machinery/labels.js';
import { matchesLabels } from '../machinery/labels.js';
import { badRequest } from '../machinery/status.js';
import type { Strategy } from '../registry/types.js';
import { isCustom, type ResourceDef } from '../schema/types.js';
import { objectKey, prefixEnd, resourcePrefix } from '../store/keys.js';
import { apiVersionOf } from './convert.js';
import type { FieldsReader, LazyObject } from './lazy.js';

/** Which objects of one resource a list, watch or deletecollection means. */
export interface Filter {
  /** Keys are looked for in [start, end): the resource, one namespace of it, or one object. */
  readonly start: string;
  readonly end: string;
  /** The prefix that continue tokens are relative to. */
  readonly prefix: string;
  /** Whether the client gave a selector: then nobody knows how many remain. */
  readonly selective: boolean;
  /** Undefined when every key in the range is meant. */
  readonly matches: ((obj: LazyObject) => boolean) | undefined;
  /** Objects must be converted before `matches` is asked: what it looks at is what a conversion webhook makes of them. */
  readonly asksWebhook: boolean;
  /** Equal for filters that select the same objects. */
  readonly key: string;
}

export interface Selection {
  readonly namespace: string;
  /** A name in the path: `/watch/.../{name}`. */
  readonly name?: string;
  readonly labelSelector: LabelSelector;
  readonly fieldSelector: FieldSelector;
}

const NAME = 'metadata.name';
const NAMESPACE = 'metadata.namespace';

/**
 * The name in `Strategy.fields` of a field that a selector names. Throws 400 for a field that this version of the
 * resource cannot be selected by, in the words of its conversion function (runtime.FieldLabelConversionFunc). Kinds
 * with a function of their own know `metadata.namespace` only where their objects have one.
 */
function fieldLabel(def: ResourceDef, strategy: Strategy, field: string): string {
  if (field === NAME) return field;
  const own = strategy.fieldNames;
  if (!isCustom(def) && (own === undefined || own.length === 0)) {
    if (field === NAMESPACE) return field;
    throw badRequest(
      `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
    );
  }
  if (field === NAMESPACE ? def.namespaced : own?.includes(field) === true) return field;
  const { fieldAliases } = strategy;
  const alias = fieldAliases !== undefined && Object.hasOwn(fieldAliases, field) ? fieldAliases[field] : undefined;
  if (alias !== undefined) return alias;
  if (def.group === 'resource.k8s.io') {
    throw badRequest(`field label not supported for ${def.group}/${def.version}, Kind=${def.kind}: ${field}`);
  }
  if (def.group === 'batch' && def.resource === 'jobs') {
    throw badRequest(`field label ${JSON.stringify(field)} not supported for Job`);
  }
  throw badRequest(`field label not supported: ${field}`);
}

/** Builds the filter. Throws 400 for field selectors that the resource does not have. */
export function filterOf(def: ResourceDef, strategy: Strategy, selection: Selection): Filter {
  const { group, resource } = def.storage;
  const namespace = def.namespaced ? selection.namespace : '';
  const prefix = resourcePrefix(group, resource, namespace);
  const fields = selection.fieldSelector.map((r) => {
    const field = fieldLabel(def, strategy, r.field);
    return field === r.field ? r : { ...r, field };
  });
  if (selection.name !== undefined && selection.name !== '') {
    const selected = fields.find((f) => f.field === NAME && f.equal)?.value;
    if (fields.length > 0 && selected !== selection.name) {
      throw badRequest("fieldSelector metadata.name doesn't match requested name");
    }
    fields.push({ field: NAME, equal: true, value: selection.name });
  }
  const name = requiredValue(fields, NAME);
  const labels = selection.labelSelector;
  const single = name !== undefined && name !== '' && (namespace !== '' || !def.namespaced);
  const start = single ? objectKey(group, resource, namespace, name) : prefix;
  const end = single ? `${start}\0` : prefixEnd(prefix);
  // What the key says already need not be asked again.
  const rest = single ? fields.filter((r) => !(r.field === NAME && r.equal && r.value === name)) : fields;
  const byLabels = labels.length > 0;
  const byFields = rest.length > 0;
  let matches: Filter['matches'];
  if (byLabels || byFields) {
    const nameAt = resourcePrefix(group, resource).length;
    matches = (obj) =>
      (!byFields || matchesFields(rest, (f) => fieldValue(def, strategy, obj, nameAt, f))) &&
      (!byLabels || matchesLabels(labels, obj.labels));
  }
  return {
    start,
    end,
    prefix,
    selective: byLabels || fields.length > 0,
    matches,
    asksWebhook: rest.some((r) => r.field !== NAME && r.field !== NAMESPACE) && isAsked(strategy),
    key: JSON.stringify([start, labels, rest]),
  };
}

/** One reader for each strategy: what it read of an object need not be read again for another watch. */
const readers = new WeakMap<Strategy, FieldsReader>();

const isAsked = ({ converter }: Strategy): boolean =>
  converter !== undefined && converter.servedNow === undefined && converter.hasForeign;

/** Reads the fields of this version's objects. What a webhook made of an object is kept with it. */
function readerOf(def: ResourceDef, strategy: Strategy): FieldsReader {
  let reader = readers.get(strategy);
  if (reader === undefined) {
    const { converter } = strategy;
    const apiVersion = apiVersionOf(def);
    reader = (obj) => strategy.fields?.(converter?.servedNow?.(obj.object) ?? obj.in(apiVersion) ?? obj.object) ?? {};
    readers.set(strategy, reader);
  }
  return reader;
}

function fieldValue(def: ResourceDef, strategy: Strategy, obj: LazyObject, nameAt: number, field: string): string {
  // Name and namespace stand in the key.
  if (field === NAME) return obj.key.slice(obj.key.lastIndexOf('/') + 1);
  if (field === NAMESPACE) return def.namespaced ? obj.key.slice(nameAt, obj.key.lastIndexOf('/')) : '';
  return strategy.fields === undefined ? '' : (obj.fields(readerOf(def, strategy))[field] ?? '');
}
