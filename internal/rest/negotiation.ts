import { notAcceptable } from '../machinery/status.js';
import type { MediaType, Negotiated } from '../schema/codec/negotiate.js';
import {
  ALL_MEDIA_TYPES,
  negotiateAccept,
  representations,
  routeNotAcceptable,
  routeProduces,
  UNTYPED_MEDIA_TYPES,
  wantsPretty,
} from '../schema/codec/negotiate.js';
import { isCustom, type ResourceDef } from '../schema/types.js';
import type { ApiRequest } from './types.js';

/** What custom resources and built-in ones are offered in. */
export function offeredFor(def: ResourceDef): readonly MediaType[] {
  return isCustom(def) ? UNTYPED_MEDIA_TYPES : ALL_MEDIA_TYPES;
}

const ROUTE = representations(ALL_MEDIA_TYPES, false);
const WATCH_ROUTE = representations(ALL_MEDIA_TYPES, true);
const UNTYPED_ROUTE = representations(UNTYPED_MEDIA_TYPES, false);
const UNTYPED_WATCH_ROUTE = representations(UNTYPED_MEDIA_TYPES, true);

/** The same header comes again and again. Beyond this many it is worked out anew. */
const CACHE_ENTRIES = 256;
const cache = new Map<string, Negotiated>();

/** Chooses the representation of the answer; `canWatch` for routes that also stream. Throws 406. */
export function negotiate(request: ApiRequest, def: ResourceDef, canWatch = false): Negotiated {
  const accept = request.header('accept');
  const offered = offeredFor(def);
  if (accept === '' || accept === '*/*' || accept === 'application/json') {
    const plain = negotiateAccept(accept, offered);
    if (plain !== undefined) return plain;
  }
  const key = `${offered.length}${canWatch ? 'w' : ''} ${accept}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const route = isCustom(def) ? (canWatch ? UNTYPED_WATCH_ROUTE : UNTYPED_ROUTE) : canWatch ? WATCH_ROUTE : ROUTE;
  if (!routeProduces(accept, route)) throw routeNotAcceptable(route);
  const chosen = negotiateAccept(accept, offered);
  if (chosen === undefined) throw notAcceptable(offered);
  if (cache.size < CACHE_ENTRIES) cache.set(key, chosen);
  return chosen;
}

/** Whether the answer is indented. */
export function isPretty(request: ApiRequest, negotiated: Negotiated): boolean {
  return wantsPretty(negotiated, request.query.get('pretty'), request.header('user-agent'));
}

/** 406 for a watch in a media type that cannot be streamed. */
export function notStreamable(def: ResourceDef): Error {
  return notAcceptable(
    offeredFor(def)
      .filter((m) => m !== 'application/yaml')
      .map((m) => `${m};stream=watch`),
  );
}

/** kube-apiserver's Go name of a kind, as two of its 406 texts print it: `core.Namespace`. */
export function goKindName(def: ResourceDef, suffix: '' | 'List'): string {
  if (isCustom(def)) return suffix === '' ? 'unstructured.Unstructured' : 'unstructured.UnstructuredList';
  const group = def.group === 'events.k8s.io' ? '' : def.group;
  const hub = group === 'internal.apiserver.k8s.io' ? 'apiserverinternal' : (group.split('.')[0] ?? '');
  return `${hub === '' ? 'core' : hub}.${def.kind}${suffix}`;
}
