import { child, str } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import { objectKey, prefixEnd, resourcePrefix } from '../store/keys.js';
import type { Backend } from '../store/types.js';

/** The stored object, as this replica has applied it, or undefined. Admission reads locally, as the reference's informers do. */
export function lookup(
  backend: Backend,
  group: string,
  resource: string,
  namespace: string,
  name: string,
): JsonObject | undefined {
  const kv = backend.get(objectKey(group, resource, namespace, name));
  return kv === undefined ? undefined : (JSON.parse(kv.value.toString('utf8')) as JsonObject);
}

/** All objects of a resource, in one namespace where it has one. Only for kinds of which a cluster holds few. */
export function lookupAll(backend: Backend, group: string, resource: string, namespace = ''): JsonObject[] {
  const start = resourcePrefix(group, resource, namespace);
  return backend
    .range({ start, end: prefixEnd(start) })
    .items.map((kv) => JSON.parse(kv.value.toString('utf8')) as JsonObject);
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
