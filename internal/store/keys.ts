/** The core group has no name; in keys it is written so that every key has the same shape. */
const CORE = 'core';

/** Key of one object: `group/resource/[namespace/]name`. Byte order is the order in which kube-apiserver lists (namespace, then name). */
export function objectKey(group: string, resource: string, namespace: string, name: string): string {
  const prefix = `${group === '' ? CORE : group}/${resource}/`;
  return namespace === '' ? prefix + name : `${prefix}${namespace}/${name}`;
}

/** Prefix of all objects of a resource, or of those in one namespace. */
export function resourcePrefix(group: string, resource: string, namespace = ''): string {
  const prefix = `${group === '' ? CORE : group}/${resource}/`;
  return namespace === '' ? prefix : `${prefix}${namespace}/`;
}

/** The prefix of all objects of the resource that this key is of: `group/resource/`. */
export function resourceOf(key: string): string {
  return key.slice(0, key.indexOf('/', key.indexOf('/') + 1) + 1);
}

/** First key after every key with this prefix. The prefix must end in `/`. */
export function prefixEnd(prefix: string): string {
  return `${prefix.slice(0, -1)}0`;
}
