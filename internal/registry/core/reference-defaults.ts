import { child, defaultString } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';

/** `fieldRef.apiVersion` of a downward API reference. */
export function defaultFieldRef(holder: JsonObject | undefined): void {
  const ref = child(holder, 'fieldRef');
  if (ref !== undefined) defaultString(ref, 'apiVersion', 'v1');
}

/** Always for `:latest` or no tag, IfNotPresent for any other tag or for a digest alone (parsers.ParseImageName). */
export function defaultPullPolicy(image: string): string {
  const at = image.indexOf('@');
  const named = at < 0 ? image : image.slice(0, at);
  const colon = named.lastIndexOf(':');
  const tag = colon > named.lastIndexOf('/') ? named.slice(colon + 1) : '';
  // A reference with a digest keeps no implied tag.
  const effective = tag === '' && at < 0 ? 'latest' : tag;
  return effective === 'latest' ? 'Always' : 'IfNotPresent';
}
