import { createHash } from 'node:crypto';
import { assert } from '../machinery/assert.js';
import type { JsonObject } from '../machinery/json.js';
import { notAcceptable, pathNotFound, StatusError } from '../machinery/status.js';
import {
  ALL_MEDIA_TYPES,
  encodeObject,
  JSON_MEDIA_TYPE,
  type MediaType,
  negotiateAccept,
  wantsPretty,
} from '../schema/codec/index.js';
import { type AggregatedVersion, apiGroupDiscoveryList } from '../schema/discovery/aggregated.js';
import { type Catalog, isBuiltin } from '../schema/discovery/catalog.js';
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from '../schema/discovery/legacy.js';
import { withLineEnd } from './json-scan.js';
import type { ApiRequest, BytesReply, Reply } from './types.js';

export interface DiscoveryParts {
  readonly catalog: Catalog;
  /** `host:port` where clients reach this server (the advertised address), told by /api. */
  readonly serverAddress: () => string;
}

interface CachedDocument {
  readonly body: Buffer;
  readonly etag: string;
}

/** One document per path, encoding and prettiness: at most some 200 small ones. Beyond that the cache starts anew. */
const MAX_CACHED = 512;

/** Definition name of a discovery document, which says how protobuf lays it out. */
function typeOf({ kind, apiVersion }: JsonObject): string {
  assert(typeof kind === 'string', 'a discovery document has a kind');
  return apiVersion === 'apidiscovery.k8s.io/v2' || apiVersion === 'apidiscovery.k8s.io/v2beta1'
    ? `apidiscovery.${apiVersion.slice(apiVersion.indexOf('/') + 1)}.${kind}`
    : `meta.v1.${kind}`;
}

/** 405 as the router words it. */
const methodNotAllowed = (): StatusError =>
  new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});

interface AggregatedAccept {
  readonly mediaType: MediaType;
  readonly version: AggregatedVersion;
}

/**
 * Whether the client takes aggregated discovery: the first clause of Accept with
 * `as=APIGroupDiscoveryList;g=apidiscovery.k8s.io;v=v2|v2beta1`, unless a clause before it names plain discovery.
 */
function aggregatedAccept(accept: string): AggregatedAccept | undefined {
  if (!accept.includes('APIGroupDiscoveryList')) return undefined;
  for (const clause of accept.split(',')) {
    const [name = '', ...params] = clause.split(';').map((part) => part.trim());
    const mediaType = ALL_MEDIA_TYPES.find((m) => m === name) ?? (name === '*/*' ? JSON_MEDIA_TYPE : undefined);
    if (mediaType === undefined) continue;
    const version = params.includes('v=v2') ? 'v2' : params.includes('v=v2beta1') ? 'v2beta1' : undefined;
    const asked = params.includes('as=APIGroupDiscoveryList') && params.includes('g=apidiscovery.k8s.io');
    if (asked && version !== undefined) return { mediaType, version };
    if (!params.some((p) => /^(as|g|v)=/.test(p))) return undefined;
  }
  return undefined;
}

/** Accept without the clauses that want another representation, which documents of discovery do not have; undefined if that is all. */
function plainClauses(accept: string): string | undefined {
  if (!/;\s*as=/.test(accept)) return accept;
  const plain = accept.split(',').filter((clause) => !/;\s*as=/.test(clause));
  return plain.length === 0 ? undefined : plain.join(',');
}

/**
 * Discovery, legacy and aggregated. The function that it returns answers /api, /api/V, /apis, /apis/G and /apis/G/V;
 * undefined for what is not discovery or not there (the plain 404), a thrown 404 Status below a group that is there.
 */
export function createDiscovery(parts: DiscoveryParts): (request: ApiRequest) => Reply | undefined {
  const { catalog } = parts;
  const cache = new Map<string, CachedDocument>();
  let generation = -1;

  const cached = (key: string, mediaType: MediaType, pretty: boolean, make: () => JsonObject): CachedDocument => {
    if (generation !== catalog.generation || cache.size >= MAX_CACHED) cache.clear();
    generation = catalog.generation;
    const fullKey = `${mediaType} ${pretty} ${key}`;
    const known = cache.get(fullKey);
    if (known !== undefined) return known;
    const object = make();
    const encoded = encodeObject(object, mediaType, typeOf(object), { pretty });
    const body = mediaType === JSON_MEDIA_TYPE && !pretty ? withLineEnd(encoded) : encoded;
    const document = { body, etag: `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"` };
    cache.set(fullKey, document);
    return document;
  };

  const legacy = (request: ApiRequest, key: string, make: () => JsonObject): BytesReply => {
    const accept = plainClauses(request.header('accept'));
    const negotiated = accept === undefined ? undefined : negotiateAccept(accept);
    if (negotiated === undefined) throw notAcceptable(ALL_MEDIA_TYPES);
    const { mediaType } = negotiated;
    const pretty = wantsPretty(negotiated, request.query.get('pretty'), request.header('user-agent'));
    const { body } = cached(key, mediaType, pretty && mediaType === JSON_MEDIA_TYPE, make);
    return { status: 200, contentType: mediaType, headers: { 'Cache-Control': 'no-cache, private' }, body };
  };

  const aggregated = (request: ApiRequest, root: 'api' | 'apis', accept: AggregatedAccept): BytesReply => {
    const { mediaType, version } = accept;
    const document = cached(`${root} ${version}`, mediaType, false, () =>
      apiGroupDiscoveryList(
        catalog.groups.filter((g) => (g.group === '') === (root === 'api')),
        version,
      ),
    );
    const contentType = `${mediaType};g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    const headers = { ETag: document.etag, Vary: 'Accept', 'Cache-Control': 'public' };
    if (request.header('if-none-match') === document.etag) return { status: 304, contentType, headers, body: '' };
    return { status: 200, contentType, headers, body: document.body };
  };

  const resourceList = (request: ApiRequest, groupName: string, version: string): BytesReply | undefined => {
    const served = catalog.group(groupName)?.versions.find((v) => v.version === version);
    if (served === undefined || served.declared === true) {
      // Only the built-in groups have a server of their own, which answers with a Status.
      if (isBuiltin(groupName)) throw pathNotFound();
      return undefined;
    }
    return legacy(request, `${groupName}/${version}`, () => apiResourceList(groupName, served));
  };

  const root = (request: ApiRequest, prefix: 'api' | 'apis'): BytesReply => {
    const accept = aggregatedAccept(request.header('accept'));
    if (accept !== undefined) return aggregated(request, prefix, accept);
    if (prefix === 'apis') return legacy(request, 'apis', () => apiGroupList(catalog.listed));
    const core = catalog.group('');
    if (core === undefined) throw pathNotFound();
    const address = parts.serverAddress();
    return legacy(request, `api ${address}`, () => apiVersions(core, address));
  };

  return (request) => {
    const [prefix, group, version, ...rest] = request.path.replace(/\/$/, '').split('/').slice(1);
    if (prefix !== 'api' && prefix !== 'apis') return undefined;
    if (prefix === 'apis' && group !== undefined && catalog.group(group) === undefined) return undefined;
    // The list of groups and the groups are answered by the aggregator, whatever the method (kube-aggregator's apisHandler).
    const aggregatorsOwn = prefix === 'apis' && version === undefined;
    if (!aggregatorsOwn && request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed();
    if (group === undefined) return root(request, prefix);
    if (prefix === 'api') {
      if (version !== undefined) throw pathNotFound();
      return resourceList(request, '', group);
    }
    const found = catalog.group(group);
    if (found === undefined || group === '') return undefined;
    if (version === undefined) return legacy(request, group, () => apiGroup(found));
    if (rest.length > 0) throw pathNotFound();
    return resourceList(request, group, version);
  };
}
