import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { type FieldSet, isEmpty, parseFieldSet } from './fieldset.js';

/** One manager's entry in metadata.managedFields. */
export interface Manager {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339; undefined when it was never set. */
  readonly time: string | undefined;
  readonly set: FieldSet;
}

/** Entries by identity. */
export type Managers = Map<string, Manager>;

type Identity = Pick<Manager, 'name' | 'operation' | 'apiVersion' | 'subresource'>;

/** What makes two entries one: an applier is the same in every version, an updater is not. Sorts as kube-apiserver's identifiers do. */
export function identityOf(m: Identity): string {
  return JSON.stringify({
    manager: m.name,
    operation: m.operation,
    apiVersion: m.operation === 'Apply' ? undefined : m.apiVersion,
    subresource: m.subresource === '' ? undefined : m.subresource,
  });
}

const text = (v: JsonValue | undefined): string => (typeof v === 'string' ? v : '');

/**
 * Reads metadata.managedFields; undefined when an entry is malformed (other operation than Apply and Update, no apiVersion,
 * other fieldsType than FieldsV1, a field set that cannot be read). `trusted`: our own, sets are in canonical form.
 */
export function decodeManaged(entries: JsonValue | undefined, trusted: boolean): Managers | undefined {
  const managers: Managers = new Map();
  if (entries === undefined || entries === null) return managers;
  if (!Array.isArray(entries)) return undefined;
  for (const entry of entries) {
    const manager = isObject(entry) ? decodeEntry(entry, trusted) : undefined;
    if (manager === undefined) return undefined;
    managers.set(identityOf(manager), manager);
  }
  return managers;
}

function decodeEntry(entry: JsonObject, trusted: boolean): Manager | undefined {
  const operation = entry['operation'];
  const apiVersion = text(entry['apiVersion']);
  if ((operation !== 'Apply' && operation !== 'Update') || apiVersion === '') return undefined;
  if (entry['fieldsType'] !== 'FieldsV1') return undefined;
  const fields = entry['fieldsV1'];
  const set = trusted && isObject(fields) ? (fields as FieldSet) : parseFieldSet(fields);
  if (set === undefined) return undefined;
  return {
    name: text(entry['manager']),
    operation,
    apiVersion,
    subresource: text(entry['subresource']),
    time: typeof entry['time'] === 'string' ? entry['time'] : undefined,
    set,
  };
}

const seconds = (time: string | undefined): number => (time === undefined ? 0 : Math.floor(Date.parse(time) / 1000));

/** The order of entries: appliers first, then by time, manager, apiVersion, subresource. */
function compareManagers(a: Manager, b: Manager): number {
  if (a.operation !== b.operation) return a.operation < b.operation ? -1 : 1;
  if (a.time !== b.time) {
    const d = seconds(a.time) - seconds(b.time);
    if (d !== 0) return d;
  }
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  if (a.apiVersion !== b.apiVersion) return a.apiVersion < b.apiVersion ? -1 : 1;
  return a.subresource < b.subresource ? -1 : a.subresource > b.subresource ? 1 : 0;
}

/** One entry of metadata.managedFields. */
export function encodeManager({ name, operation, apiVersion, subresource, time, set }: Manager): JsonObject {
  const out: JsonObject = {};
  if (name !== '') out['manager'] = name;
  out['operation'] = operation;
  out['apiVersion'] = apiVersion;
  if (time !== undefined) out['time'] = time;
  out['fieldsType'] = 'FieldsV1';
  out['fieldsV1'] = set;
  if (subresource !== '') out['subresource'] = subresource;
  return out;
}

/** metadata.managedFields for these managers; undefined when there are none. */
export function encodeManaged(managers: Iterable<Manager>): JsonObject[] | undefined {
  const list = [...managers];
  if (list.length === 0) return undefined;
  return list.sort(compareManagers).map(encodeManager);
}

/** At most this many entries of updaters; older ones are merged into one of ANCIENT per version. */
const MAX_UPDATERS = 10;
const ANCIENT = 'ancient-changes';

interface Bucket {
  readonly identity: Identity;
  time: string | undefined;
  readonly sets: FieldSet[];
}

/** Unites sets two by two, so that each is looked at a few times only. */
function uniteAll(sets: readonly FieldSet[], unite: (a: FieldSet, b: FieldSet) => FieldSet): FieldSet {
  let level = sets;
  while (level.length > 1) {
    const next: FieldSet[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [a, b] = [level[i] as FieldSet, level[i + 1]];
      next.push(b === undefined ? a : unite(b, a));
    }
    level = next;
  }
  return level[0] as FieldSet;
}

/** Merges the oldest updaters of a version until MAX_UPDATERS are left. The first one of a version stays alone until a second joins it. */
export function capUpdaters(managers: Managers, unite: (a: FieldSet, b: FieldSet) => FieldSet): void {
  let count = 0;
  for (const m of managers.values()) if (m.operation === 'Update') count++;
  if (count <= MAX_UPDATERS) return;
  const oldest = [...managers]
    .filter(([, m]) => m.operation === 'Update')
    .map(([id, m]) => ({ id, m, at: seconds(m.time) }))
    .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  const firstOf = new Map<string, string>();
  const buckets = new Map<string, Bucket>();
  for (const { id, m } of oldest) {
    if (count <= MAX_UPDATERS) break;
    const first = firstOf.get(m.apiVersion);
    if (first === undefined) {
      firstOf.set(m.apiVersion, id);
      continue;
    }
    const identity: Identity = { name: ANCIENT, operation: 'Update', apiVersion: m.apiVersion, subresource: '' };
    const bucketId = identityOf(identity);
    let bucket = buckets.get(bucketId);
    if (bucket === undefined) {
      const into = managers.get(bucketId) ?? managers.get(first);
      bucket = { identity, time: m.time, sets: into === undefined ? [] : [into.set] };
      buckets.set(bucketId, bucket);
      if (!managers.has(bucketId)) managers.delete(first);
    }
    bucket.sets.push(m.set);
    bucket.time = m.time;
    managers.delete(id);
    count--;
  }
  for (const [id, { identity, time, sets }] of buckets) {
    managers.set(id, { ...identity, time, set: uniteAll(sets, unite) });
  }
}

/** Drops the managers that own nothing any more. */
export function dropEmpty(managers: Managers): void {
  for (const [id, m] of managers) if (isEmpty(m.set)) managers.delete(id);
}
