/** `"a", "b"`: quoted as they are, without escapes. */
export const joinQuoted = (items: readonly string[]): string => (items.length === 0 ? '' : `"${items.join('", "')}"`);

export const plural = (count: number, one: string, many = `${one}s`): string => (count === 1 ? one : many);

/** `container "a"`, `containers "a", "b"`. */
export const counted = (what: string, names: readonly string[]): string =>
  `${plural(names.length, what)} ${joinQuoted(names)}`;

/** Without doubles, in byte order. */
export const sorted = (values: Iterable<string>): string[] => [...new Set(values)].sort();

/** Who sets what must not be set: `pod`, `containers "a", "b"`, or both with `and`; '' for nobody. */
export function setters(pod: boolean, containers: readonly string[]): string {
  const who = pod ? ['pod'] : [];
  if (containers.length > 0) who.push(counted('container', containers));
  return who.join(' and ');
}
