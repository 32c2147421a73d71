/** As Go's url.QueryEscape. */
function escaped(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/g, '+');
}

/** As Go's url.Values.Encode: sorted by key, the values of a key in their order; `?` before it unless it is empty. */
export function goQuery(values: Iterable<readonly [string, string]>): string {
  const sorted = [...values].map(([key, value], i) => ({ key, value, i }));
  sorted.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.i - b.i));
  if (sorted.length === 0) return '';
  return `?${sorted.map(({ key, value }) => `${escaped(key)}=${escaped(value)}`).join('&')}`;
}
