/* How Go writes paths and queries of URLs: a server behind the aggregator gets them as kube-apiserver sends them. */

const hex = (c: string): string => `%${c.charCodeAt(0).toString(16).toUpperCase()}`;

/** Go's url.URL.EscapedPath for a path that is given percent-decoded. */
export function goPath(path: string): string {
  return encodeURIComponent(path)
    .replace(/%2F|%3A|%40|%26|%3D|%2B|%24|%2C|%3B/g, decodeURIComponent)
    .replace(/[!'()*]/g, hex);
}

const goEscape = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, hex)
    .replaceAll('%20', '+');

/** Go's url.Values.Encode: sorted by name, the values of one name in their order. `?` stands before it unless it is empty. */
export function goQuery(values: ReadonlyMap<string, readonly string[]>): string {
  const names = [...values.keys()].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const pairs = names.flatMap((name) => (values.get(name) ?? []).map((v) => `${goEscape(name)}=${goEscape(v)}`));
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}
