import { child, str } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import { Informer } from '../store/informer.js';
import { objectKey, prefixEnd, resourcePrefix } from '../store/keys.js';
import type { Backend } from '../store/types.js';
import type { ObjectReader } from './types.js';

/** What one page of `pages` holds at most. */
const PAGE_OBJECTS = 100;
const PAGE_BYTES = 1024 * 1024;

const readers = new WeakMap<Backend, ObjectReader>();

const parse = (value: Buffer): JsonObject => JSON.parse(value.toString('utf8')) as JsonObject;

/** Keeps the objects of a resource parsed, and finds those of a namespace in the order of their names. */
function keepByNamespace(backend: Backend, prefix: string): (namespace: string) => readonly JsonObject[] {
  const objects = Informer.of(backend).objects(prefix, (object, key) => ({ key, object }));
  const find = objects.indexBy((_, key) => [key.slice(prefix.length, Math.max(prefix.length, key.lastIndexOf('/')))]);
  const byKey = (a: { key: string }, b: { key: string }): number => (a.key < b.key ? -1 : 1);
  return (namespace) => [...find(namespace)].sort(byKey).map(({ object }) => object);
}

/** Reads straight from the store, parsing what is asked for; what is listed is kept parsed. */
export function storeReader(backend: Backend): ObjectReader {
  let reader = readers.get(backend);
  if (reader === undefined) {
    const kept = new Map<string, (namespace: string) => readonly JsonObject[]>();
    reader = {
      get(group, resource, namespace, name) {
        const kv = backend.get(objectKey(group, resource, namespace, name));
        return kv === undefined ? undefined : parse(kv.value);
      },
      list(group, resource, namespace = '') {
        const prefix = resourcePrefix(group, resource);
        let find = kept.get(prefix);
        if (find === undefined) kept.set(prefix, (find = keepByNamespace(backend, prefix)));
        return find(namespace);
      },
      *pages(group, resource, namespace) {
        let start = resourcePrefix(group, resource, namespace);
        const end = prefixEnd(start);
        for (let more = true; more; ) {
          const page = backend.range({ start, end, limit: PAGE_OBJECTS, bytesMax: PAGE_BYTES });
          yield page.items;
          more = page.more;
          start = `${page.items.at(-1)?.key ?? end}\0`;
        }
      },
      count(group, resource, namespace) {
        const start = resourcePrefix(group, resource, namespace);
        return backend.count(start, prefixEnd(start));
      },
      stored: (key) => backend.get(key),
      get takesCharges() {
        return backend.takesCharges;
      },
      catchUp: async () => backend.readBarrier(),
      get informer() {
        return Informer.of(backend);
      },
    };
    readers.set(backend, reader);
  }
  return reader;
}

/**
 * Of the objects that carry this annotation as "true" the youngest, by name among equals: how Kubernetes picks one of
 * several default classes. Undefined when there is none.
 */
export function defaultOf(objects: readonly JsonObject[], ...annotations: readonly string[]): JsonObject | undefined {
  const metadata = (o: JsonObject): JsonObject | undefined => child(o, 'metadata');
  const marked = objects.filter((o) => annotations.some((a) => str(child(metadata(o), 'annotations'), a) === 'true'));
  return marked.sort((a, b) => {
    const byAge = str(metadata(b), 'creationTimestamp').localeCompare(str(metadata(a), 'creationTimestamp'));
    return byAge === 0 ? str(metadata(a), 'name').localeCompare(str(metadata(b), 'name')) : byAge;
  })[0];
}
