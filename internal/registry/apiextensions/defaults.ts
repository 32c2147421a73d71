import { child, defaultTo, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';

// Rules: apiextensions-apiserver pkg/apis/apiextensions/v1/defaults.go.

/** Names that follow from the kind, no conversion, and the port of a conversion webhook. */
export function defaultDefinition(crd: JsonObject): void {
  const spec = ensureChild(crd, 'spec');
  const names = ensureChild(spec, 'names');
  const kind = str(names, 'kind');
  if (str(names, 'singular') === '' && kind !== '') names['singular'] = kind.toLowerCase();
  if (str(names, 'listKind') === '' && kind !== '') names['listKind'] = `${kind}List`;
  const conversion = ensureChild(spec, 'conversion');
  if (str(conversion, 'strategy') === '') conversion['strategy'] = 'None';
  const service = child(child(child(conversion, 'webhook'), 'clientConfig'), 'service');
  if (service !== undefined) defaultTo(service, 'port', 443);
}
