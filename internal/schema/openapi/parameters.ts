import type { JsonObject } from '../../machinery/json.js';
import { typeByName } from '../index.js';
import type { FieldDef } from '../types.js';

/** A query or path parameter of an operation. Two operations share one when it is the same object. */
export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
  /** Its key under `parameters` of the v2 document, where operations refer to it; absent when it is written out each time. */
  readonly shared?: string;
}

/*
 * The keys of shared parameters end in a hash that kube-apiserver computes from its own wording. Clients only follow
 * them, but they are part of the published document, so they are kept as data: option type, field, key.
 */
const SHARED_KEYS: Readonly<Record<string, string>> = {
  'ListOptions.allowWatchBookmarks': 'HC2hJt-J',
  'ListOptions.continue': 'QfD61s0i',
  'ListOptions.fieldSelector': 'xIcQKXFG',
  'ListOptions.labelSelector': '5Zw57w4C',
  'ListOptions.limit': '1NfNmdNH',
  'ListOptions.resourceVersion': '5WAnf1kx',
  'ListOptions.resourceVersionMatch': 't8XhRHeC',
  'ListOptions.sendInitialEvents': 'rLXlEK_k',
  'ListOptions.shardSelector': 'Kgyki_3_',
  'ListOptions.timeoutSeconds': 'yvYezaOC',
  'ListOptions.watch': 'XNNPZGbK',
  'CreateOptions.fieldManager': 'Qy4HdaTW',
  'PatchOptions.fieldManager': '7c6nTn1T',
  'PatchOptions.force': 'tOGGb0Yi',
  'DeleteOptions.gracePeriodSeconds': '-K5HaBOS',
  'DeleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential': 'QbNkfIqj',
  'DeleteOptions.orphanDependents': 'uRB25kX5',
  'DeleteOptions.propagationPolicy': '6jk3prlO',
  'PodAttachOptions.container': '_Q-EJ3nR',
  'PodAttachOptions.stderr': '26jJhFUR',
  'PodAttachOptions.stdin': 'sEFnN3IS',
  'PodAttachOptions.stdout': '005YMKE6',
  'PodAttachOptions.tty': 'g7MlET_l',
  'PodExecOptions.command': 'Py3eQybp',
  'PodExecOptions.container': 'i5dOmRiM',
  'PodExecOptions.stderr': 'W_1TNlWc',
  'PodExecOptions.stdin': 'PSzNhyUC',
  'PodExecOptions.stdout': '-EZLRwV1',
  'PodExecOptions.tty': 's0flW37O',
  'PodLogOptions.container': '1GeXxFDC',
  'PodLogOptions.follow': '9OIXh_2R',
  'PodLogOptions.insecureSkipTLSVerifyBackend': 'gM00jVbe',
  'PodLogOptions.limitBytes': 'zwd1RXuc',
  'PodLogOptions.previous': '1jxDPu3y',
  'PodLogOptions.sinceSeconds': 'vE2NLdnP',
  'PodLogOptions.stream': 'l-48cgXv',
  'PodLogOptions.tailLines': '9xQLWHMV',
  'PodLogOptions.timestamps': 'c17fW1w_',
  'PodPortForwardOptions.ports': '91KROJmm',
  'NodeProxyOptions.path': 'rFDtV0x9',
  'PodProxyOptions.path': 'oPbzgLUj',
  'ServiceProxyOptions.path': 'QCf0eosM',
};

const TYPES: Readonly<Record<string, Parameter['type']>> = {
  string: 'string',
  bool: 'boolean',
  int32: 'integer',
  int64: 'integer',
};

function queryParameter(optionType: string, field: FieldDef): Parameter | undefined {
  const ref = field.ref.k === 'list' ? field.ref.of : field.ref;
  const type = ref.k === 'scalar' ? TYPES[ref.scalar] : undefined;
  if (type === undefined || field.name === 'kind' || field.name === 'apiVersion') return undefined;
  const hash = SHARED_KEYS[`${optionType}.${field.name}`];
  const shared = hash === undefined ? {} : { shared: `${field.name}-${hash}` };
  return { name: field.name, in: 'query', type, description: field.description, ...shared };
}

const byOptionType = new Map<string, readonly Parameter[]>();

/** The query parameters that an option type stands for (`meta.v1.ListOptions`): its plain fields. */
export function queryParameters(optionType: string): readonly Parameter[] {
  const known = byOptionType.get(optionType);
  if (known !== undefined) return known;
  const fields = [...typeByName(optionType).fields.values()];
  const shortName = optionType.slice(optionType.lastIndexOf('.') + 1);
  const parameters = fields.map((f) => queryParameter(shortName, f)).filter((p) => p !== undefined);
  byOptionType.set(optionType, parameters);
  return parameters;
}

export const PRETTY: Parameter = {
  name: 'pretty',
  in: 'query',
  type: 'string',
  description: 'Indents the answer. Without it, browsers, curl and wget get indented answers and others do not.',
  shared: 'pretty-tJGM1-ng',
};
export const NAMESPACE: Parameter = {
  name: 'namespace',
  in: 'path',
  type: 'string',
  description: 'Namespace of the object.',
  shared: 'namespace-vgWSWtn3',
};
export const PROXY_PATH: Parameter = {
  name: 'path',
  in: 'path',
  type: 'string',
  description: 'Path at the target of the proxied request.',
  shared: 'path-z6Ciiujn',
};
/** The `{name}` of a path. */
export const nameParameter = (kind: string): Parameter => ({
  name: 'name',
  in: 'path',
  type: 'string',
  description: `name of the ${kind}`,
});

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
/** The documents' order: by name, then by place. */
export const byNameAndPlace = (a: { name: string; in: string }, b: { name: string; in: string }): number =>
  compare(a.name, b.name) || compare(a.in, b.in);

/** Every parameter that the v2 document shares, by its key. */
export function sharedParameters(): JsonObject {
  const optionTypes = [...new Set(Object.keys(SHARED_KEYS).map((k) => k.slice(0, k.indexOf('.'))))];
  const fromTypes = optionTypes.flatMap((t) =>
    queryParameters(/^(List|Create|Patch|Delete)Options$/.test(t) ? `meta.v1.${t}` : `core.v1.${t}`),
  );
  const out: JsonObject = {};
  for (const p of [...fromTypes, PRETTY, NAMESPACE, PROXY_PATH]) {
    if (p.shared !== undefined) out[p.shared] = inlineParameter(p);
  }
  return out;
}

/** A parameter written out, in the form of OpenAPI v2. */
export function inlineParameter(p: Parameter): JsonObject {
  return {
    uniqueItems: true,
    type: p.type,
    description: p.description,
    name: p.name,
    in: p.in,
    ...(p.in === 'path' ? { required: true } : {}),
  };
}
