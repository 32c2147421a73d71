import { child } from '../machinery/access.js';
import type { JsonObject } from '../machinery/json.js';
import { notAcceptable } from '../machinery/status.js';
import { type OpenApi, type OpenApiDocument, ungzip } from '../schema/openapi/index.js';
import { acceptsGzip } from './gzip.js';
import type { ApiRequest, BytesReply, Reply } from './types.js';

const JSON_TYPE = 'application/json';
/** The media types that clients ask for and what they are answered; a `@` is not allowed in an answer's. */
const PROTOBUF_V2 = [
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
] as const;
const PROTOBUF_V3 = [
  'application/com.github.proto-openapi.spec.v3@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v3.v1.0+protobuf',
] as const;
const ONE_YEAR_MILLISECONDS = 365 * 24 * 3600 * 1000;

/** The OpenAPI v3 documents of other servers. */
export interface RemoteOpenApiDocuments {
  /** Hashes by path, such as `apis/metrics.k8s.io/v1beta1`; '' where the other server tells none. */
  index(): ReadonlyMap<string, string>;
  /** The document of a path; undefined when no other server has it. */
  document(request: ApiRequest, path: string): Promise<Reply> | undefined;
}

/** The first media type of Accept that is offered; JSON when the client takes anything. Undefined: none. */
function accepted(accept: string, offered: readonly string[]): string | undefined {
  if (accept === '') return JSON_TYPE;
  for (const clause of accept.split(',')) {
    const name = (clause.split(';')[0] ?? '').trim();
    if (name === '*/*' || name === 'application/*') return JSON_TYPE;
    if (offered.includes(name)) return name;
  }
  return undefined;
}

async function documentReply(
  request: ApiRequest,
  document: OpenApiDocument,
  contentType: string,
  more: Readonly<Record<string, string>>,
): Promise<BytesReply> {
  const etag = `"${document.hash}"`;
  const headers = { ETag: etag, Vary: 'Accept-Encoding, Accept', ...more };
  const known = request.header('if-none-match').split(',');
  if (known.some((tag) => tag.trim().replace(/^W\//, '') === etag))
    return { status: 304, contentType, headers, body: '' };
  const compressed = await document.content();
  if (acceptsGzip(request))
    return { status: 200, contentType, headers: { ...headers, 'Content-Encoding': 'gzip' }, body: compressed };
  return { status: 200, contentType, headers, body: await ungzip(compressed) };
}

function v2(openApi: OpenApi, request: ApiRequest): Promise<Reply> {
  const offered = [JSON_TYPE, ...PROTOBUF_V2];
  const chosen = accepted(request.header('accept'), offered);
  if (chosen === undefined) throw notAcceptable(offered);
  if (chosen === JSON_TYPE) return documentReply(request, openApi.v2('json'), JSON_TYPE, {});
  return documentReply(request, openApi.v2('protobuf'), PROTOBUF_V2[1], {});
}

function v3(openApi: OpenApi, request: ApiRequest, path: string): Promise<Reply> | Reply | undefined {
  const offered = [JSON_TYPE, ...PROTOBUF_V3];
  const chosen = accepted(request.header('accept'), offered);
  const type = chosen === JSON_TYPE ? JSON_TYPE : PROTOBUF_V3[1];
  const document = type === JSON_TYPE ? openApi.v3(path) : openApi.v3Protobuf(path);
  if (document === undefined) return undefined;
  if (chosen === undefined) throw notAcceptable(offered);
  const asked = request.query.get('hash');
  if (asked === null) return documentReply(request, document, type, { 'Cache-Control': 'no-cache, private' });
  // A client that read an older index is sent on, so that what it caches under a hash is what has that hash.
  if (asked !== document.hash) {
    const location = `/openapi/v3/${path}?hash=${document.hash}`;
    return { status: 301, contentType: 'text/plain', headers: { Location: location }, body: '' };
  }
  const expires = new Date(Date.now() + ONE_YEAR_MILLISECONDS).toUTCString();
  return documentReply(request, document, type, { 'Cache-Control': 'public, immutable', Expires: expires });
}

function indexOf(openApi: OpenApi, remote: RemoteOpenApiDocuments | undefined): BytesReply {
  const index = openApi.v3Index();
  const paths: JsonObject = { ...child(index, 'paths') };
  for (const [path, hash] of remote?.index() ?? []) {
    paths[path] = { serverRelativeURL: `/openapi/v3/${path}${hash === '' ? '' : `?hash=${hash}`}` };
  }
  const sorted = Object.fromEntries(Object.entries(paths).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return { status: 200, contentType: 'text/plain; charset=utf-8', body: JSON.stringify({ ...index, paths: sorted }) };
}

/**
 * OpenAPI. The function that it returns answers /openapi/v2 and /openapi/v3 with what lies below; undefined for another
 * path and for a document that is not there.
 */
export function createOpenApi(
  openApi: OpenApi,
  remote?: RemoteOpenApiDocuments,
): (request: ApiRequest) => Reply | Promise<Reply> | undefined {
  return (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
    const path = request.path.replace(/\/$/, '');
    if (path === '/openapi/v2') return v2(openApi, request);
    if (path === '/openapi/v3') return indexOf(openApi, remote);
    if (!path.startsWith('/openapi/v3/')) return undefined;
    const asked = path.slice('/openapi/v3/'.length);
    return remote?.document(request, asked) ?? v3(openApi, request, asked);
  };
}
