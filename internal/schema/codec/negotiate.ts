import { parseBool } from '../../machinery/parse-bool.js';
import { StatusError } from '../../machinery/status.js';

export const JSON_MEDIA_TYPE = 'application/json';
export const YAML_MEDIA_TYPE = 'application/yaml';
export const PROTOBUF_MEDIA_TYPE = 'application/vnd.kubernetes.protobuf';
export type MediaType = typeof JSON_MEDIA_TYPE | typeof YAML_MEDIA_TYPE | typeof PROTOBUF_MEDIA_TYPE;

/** What built-in resources are served in, the default first. CBOR is behind a feature gate in kube-apiserver and is not offered. */
export const ALL_MEDIA_TYPES: readonly MediaType[] = [JSON_MEDIA_TYPE, YAML_MEDIA_TYPE, PROTOBUF_MEDIA_TYPE];
/** What custom resources are served in. */
export const UNTYPED_MEDIA_TYPES: readonly MediaType[] = [JSON_MEDIA_TYPE, YAML_MEDIA_TYPE];
/** What a route that can watch adds to its list of representations. */
const STREAM_MEDIA_TYPES: readonly string[] = [
  `${JSON_MEDIA_TYPE};stream=watch`,
  `${PROTOBUF_MEDIA_TYPE};stream=watch`,
];

export type TransformKind = 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
export interface Transform {
  readonly kind: TransformKind;
  readonly group: string;
  readonly version: string;
}
/** What one Accept header came to. */
export interface Negotiated {
  readonly mediaType: MediaType;
  readonly as?: Transform;
  /** The client named `;stream=watch`. */
  readonly streamWatch: boolean;
  /** The client named `;pretty=1`; see `wantsPretty` for what else asks for it. */
  readonly pretty: boolean;
}

interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly q: number;
  readonly params: readonly (readonly [string, string])[];
}

/** Accept headers longer than this are cut: no client sends more, and every clause costs. */
const MAX_ACCEPT_BYTES = 4096;

function parseClause(text: string): Clause | undefined {
  const parts = text.split(';');
  const range = (parts[0] ?? '').trim().split('/');
  let type: string;
  let subtype: string;
  if (range.length === 1 && range[0] === '*') {
    type = '*';
    subtype = '*';
  } else if (range.length === 2) {
    type = (range[0] ?? '').trim();
    subtype = (range[1] ?? '').trim();
  } else {
    return undefined;
  }
  let q = 1;
  const params: [string, string][] = [];
  for (let i = 1; i < parts.length; i++) {
    const part = parts[i] ?? '';
    const eq = part.indexOf('=');
    if (eq < 0) continue;
    const name = part.slice(0, eq).trim();
    const value = part.slice(eq + 1).trim();
    if (name === 'q') {
      const n = Number(value);
      q = value === '' || Number.isNaN(n) ? 1 : n;
    } else {
      params.push([name, value]);
    }
  }
  return { type, subtype, q, params };
}

/** Whether `a` is asked for before `b`: by weight, then the one that names more exactly. */
function before(a: Clause, b: Clause): boolean {
  return a.q > b.q || (a.type !== '*' && b.type === '*') || (a.subtype !== '*' && b.subtype === '*');
}

function parseAccept(header: string): Clause[] {
  const clauses: Clause[] = [];
  for (const part of header.slice(0, MAX_ACCEPT_BYTES).split(',')) {
    const clause = parseClause(part.trim());
    if (clause === undefined) continue;
    // An insertion sort: clauses that neither precedes keep their order.
    let i = clauses.length;
    for (; i > 0; i--) {
      const prev = clauses[i - 1];
      if (prev === undefined || !before(clause, prev)) break;
    }
    clauses.splice(i, 0, clause);
  }
  return clauses;
}

function transformOf(kind: string, group: string, version: string): Transform | undefined {
  if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined;
  if (kind !== 'Table' && kind !== 'PartialObjectMetadata' && kind !== 'PartialObjectMetadataList') return undefined;
  return { kind, group, version };
}

function options(params: Clause['params'], mediaType: MediaType): Negotiated | undefined {
  let streamWatch = false;
  let pretty = false;
  let converts = false;
  let kind = '';
  let group = '';
  let version = '';
  for (const [name, value] of params) {
    switch (name) {
      case 'as':
        converts = true;
        kind = value;
        break;
      case 'g':
        converts = true;
        group = value;
        break;
      case 'v':
        converts = true;
        version = value;
        break;
      case 'stream':
        if (value !== '' && (value !== 'watch' || mediaType === YAML_MEDIA_TYPE)) return undefined;
        streamWatch = value !== '';
        break;
      case 'pretty':
        pretty = value === '1';
        break;
      default:
    }
  }
  if (!converts) return { mediaType, streamWatch, pretty };
  const as = transformOf(kind, group, version);
  // Tables have no protobuf form for clients: kube-apiserver goes on to the next clause.
  if (as === undefined || (as.kind === 'Table' && mediaType === PROTOBUF_MEDIA_TYPE)) return undefined;
  return { mediaType, as, streamWatch, pretty };
}

const DEFAULTS = new Map<MediaType, Negotiated>();

/**
 * Chooses the representation that an Accept header asks for among `offered` (the first is the default), as apiserver's
 * NegotiateMediaTypeOptions does: weights, wildcards, `;as=…;g=…;v=…`, `;stream=watch`, `;pretty=1`.
 * Undefined means 406: throw `notAcceptable(offered)`.
 */
export function negotiateAccept(
  accept: string,
  offered: readonly MediaType[] = ALL_MEDIA_TYPES,
): Negotiated | undefined {
  const first = offered[0];
  if (first === undefined) return undefined;
  if (accept === '' || accept === '*/*' || accept === first) {
    let plain = DEFAULTS.get(first);
    if (plain === undefined) DEFAULTS.set(first, (plain = { mediaType: first, streamWatch: false, pretty: false }));
    return plain;
  }
  for (const clause of parseAccept(accept)) {
    for (const mediaType of offered) {
      const matches =
        clause.type === '*'
          ? clause.subtype === '*'
          : clause.type === 'application' && (clause.subtype === '*' || mediaType === `application/${clause.subtype}`);
      if (!matches) continue;
      const chosen = options(clause.params, mediaType);
      if (chosen !== undefined) return chosen;
    }
  }
  return undefined;
}

/**
 * Whether the answer is indented: the media type's `;pretty=1`, else the `pretty` query parameter (Go's ParseBool),
 * else a browser or a command-line HTTP tool by its user agent.
 */
export function wantsPretty(negotiated: Negotiated, prettyParam: string | null, userAgent: string): boolean {
  if (negotiated.pretty) return true;
  if (prettyParam !== null && prettyParam !== '') return parseBool(prettyParam) === true;
  return userAgent.startsWith('curl') || userAgent.startsWith('Wget') || userAgent.startsWith('Mozilla/5.0');
}

/**
 * The media type that a Content-Type header names, parameters ignored; an empty header means the first of `accepted`.
 * Undefined means 415: throw `unsupportedMediaType(accepted)`.
 */
export function contentTypeOf(header: string, accepted: readonly MediaType[] = ALL_MEDIA_TYPES): MediaType | undefined {
  if (header === '' || header === JSON_MEDIA_TYPE) return accepted[0];
  const semicolon = header.indexOf(';');
  const name = (semicolon < 0 ? header : header.slice(0, semicolon)).trim().toLowerCase();
  return accepted.find((m) => m === name);
}

/** The Content-Type header of an answer. */
export function contentTypeHeader(mediaType: MediaType, stream: boolean): string {
  return stream && mediaType === PROTOBUF_MEDIA_TYPE ? `${mediaType};stream=watch` : mediaType;
}

/** Every representation that a route lists; routes that can watch add the streamed ones. */
export function representations(mediaTypes: readonly string[], canWatch: boolean): readonly string[] {
  return canWatch ? [...mediaTypes, ...STREAM_MEDIA_TYPES] : mediaTypes;
}

/**
 * The router's own check, before the negotiation: one clause of Accept, its parameters cut off, must be `*\/*` or be in
 * the route's list literally (so `application/*` alone is refused here).
 */
export function routeProduces(accept: string, produces: readonly string[]): boolean {
  if (accept === '' || accept === '*/*') return true;
  for (const part of accept.split(',')) {
    const semicolon = part.indexOf(';');
    const name = (semicolon < 0 ? part : part.slice(0, semicolon)).trim();
    if (name === '*/*' || produces.includes(name)) return true;
  }
  return false;
}

/** 406 as the router words it. */
export function routeNotAcceptable(produces: readonly string[]): StatusError {
  return new StatusError(
    406,
    'NotAcceptable',
    `406: Not Acceptable\n\nAvailable representations: ${produces.join(', ')}`,
    {},
  );
}

/** 415 as the router words it: the patch type is none of the route's. */
export function routeUnsupportedMediaType(): StatusError {
  return new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
}

/** 406 for a list asked for as one object; `goType` is kube-apiserver's name of the list, e.g. `core.NamespaceList`. */
export function partialObjectOfList(goType: string): StatusError {
  return new StatusError(
    406,
    'NotAcceptable',
    `you requested PartialObjectMetadata, but the requested object is a list (*${goType})`,
  );
}

/** 406 for one object asked for as a list. */
export function partialListOfObject(goType: string): StatusError {
  return new StatusError(
    406,
    'NotAcceptable',
    `you requested PartialObjectMetadataList, but the requested object is not a list (*${goType})`,
  );
}
