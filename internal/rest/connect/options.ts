import type { JsonObject, JsonValue } from '../../machinery/json.js';
import { badRequest, quote } from '../../machinery/status.js';
import { findType } from '../../schema/index.js';
import type { FieldDef, SubresourceDef } from '../../schema/types.js';
import { apiVersionOf } from '../convert.js';
import { intParam } from '../options.js';
import type { ApiRequest } from '../types.js';

/** Definition name of the options of a subresource that connects. */
export function optionsType(sub: SubresourceDef): string {
  return `io.k8s.api.core.${sub.kind.version}.${sub.kind.kind}`;
}

/** As apimachinery reads bools of a query (Convert_Slice_string_To_bool): everything but `false` and `0` is true. */
function isTrue(values: readonly string[]): boolean {
  const [first] = values;
  return first !== undefined && first.toLowerCase() !== 'false' && first !== '0';
}

function valueOf(field: FieldDef, query: URLSearchParams): JsonValue | undefined {
  const values = query.getAll(field.name);
  const { ref } = field;
  if (ref.k === 'list') {
    if (values.length === 0) return field.always === true ? null : undefined;
    const integers = ref.of.k === 'scalar' && ref.of.scalar !== 'string';
    return integers ? values.flatMap(ports) : values;
  }
  if (ref.k !== 'scalar' || values.length === 0) return undefined;
  if (ref.scalar === 'bool') return isTrue(values) ? true : undefined;
  if (ref.scalar === 'int32' || ref.scalar === 'int64') return intParam(query, field.name);
  return values[0] === '' ? undefined : values[0];
}

/** Lists of ports, as core/v1 converts them: numbers of 16 bits, several of them between commas. Throws 400. */
function ports(value: string): number[] {
  return value.split(',').map((text) => {
    const known = /^[0-9]+$/.test(text);
    if (known && Number(text) < 65_536) return Number(text);
    const why = known ? 'value out of range' : 'invalid syntax';
    throw badRequest(`cannot convert to []int32: strconv.ParseUint: parsing ${quote(text)}: ${why}`);
  });
}

/** What follows the name of the subresource in the path, which is where a proxy leads (apiserver's getRequestOptions). */
export function subpath(request: ApiRequest): string {
  const rest = request.info.parts.slice(3).join('/');
  const path = rest === '' || rest.startsWith('/') ? rest : `/${rest}`;
  return request.info.path.endsWith('/') && !path.endsWith('/') ? `${path}/` : path;
}

/**
 * The options object of a subresource that connects (PodExecOptions, ServiceProxyOptions ...), read from the query and,
 * for a proxy, from the path: what admission sees of a CONNECT.
 */
export function connectOptions(request: ApiRequest, sub: SubresourceDef): JsonObject {
  const query = new URLSearchParams(request.query);
  if (sub.name === 'proxy') query.set('path', subpath(request));
  const options: JsonObject = { kind: sub.kind.kind, apiVersion: apiVersionOf(sub.kind) };
  for (const field of findType(optionsType(sub))?.fields.values() ?? []) {
    if (field.name === 'kind' || field.name === 'apiVersion') continue;
    const value = valueOf(field, query);
    if (value !== undefined) options[field.name] = value;
  }
  return options;
}
