import { badRequest } from '../machinery/status.js';
import { isPathSegmentName, listOptionsOf } from './list-options.js';
import { routeOf } from '../rest/route.js';
import type { RequestInfo } from '../rest/types.js';

const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);
const SPECIAL_VERBS = new Set(['proxy', 'watch']);
const VERB_OF: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/**
 * What a path and method ask for, by the rules of apiserver's RequestInfoFactory.NewRequestInfo.
 * `path` is percent-decoded; `query` is the raw query string, read only for collections.
 * Throws a 400 StatusError for `/api/v1/watch` and the like, which name no resource.
 */
export function requestInfo(method: string, path: string, query: string): RequestInfo {
  const all = splitPath(path);
  const apiPrefix = all[0] ?? '';
  const isApi = apiPrefix === 'api' && all.length >= 3;
  const isApis = apiPrefix === 'apis' && all.length >= 4;
  if (!isApi && !isApis) return nonResourceInfo(method, path);
  const group = isApi ? '' : (all[1] ?? '');
  const version = (isApi ? all[1] : all[2]) ?? '';
  // Where what names the resource begins.
  let from = isApi ? 2 : 3;
  let verb = VERB_OF[method] ?? '';
  if (SPECIAL_VERBS.has(all[from] ?? '')) {
    if (all.length - from < 2) throw badRequest(`unable to determine kind and namespace from url, ${path}`);
    verb = all[from] ?? '';
    from++;
  }
  let namespace = '';
  if (all[from] === 'namespaces' && all.length - from > 1) {
    namespace = all[from + 1] ?? '';
    if (all.length - from > 2 && !NAMESPACE_SUBRESOURCES.has(all[from + 2] ?? '')) from += 2;
  }
  let name = all[from + 1] ?? '';
  const resource = all[from] ?? '';
  const subresource = verb === 'proxy' ? '' : (all[from + 2] ?? '');
  if (name === '' && verb === 'get') {
    const options = listOptionsOf(query);
    verb = options.watch ? 'watch' : 'list';
    if (isPathSegmentName(options.metadataName)) name = options.metadataName;
  }
  if (name === '' && verb === 'delete') verb = 'deletecollection';
  return {
    isResourceRequest: true,
    path,
    verb,
    apiPrefix,
    group,
    version,
    namespace,
    resource,
    subresource,
    name,
    parts: all.slice(from),
    route: routeOf(verb, group, version, resource, subresource, path.length),
  };
}

/** What a path asks for that names no resource. */
export function nonResourceInfo(method: string, path: string): RequestInfo {
  return {
    isResourceRequest: false,
    path,
    verb: method.toLowerCase(),
    apiPrefix: '',
    group: '',
    version: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    parts: NO_PARTS,
    route: undefined,
  };
}

const NO_PARTS: readonly string[] = [];

function splitPath(path: string): string[] {
  let from = 0;
  let to = path.length;
  while (from < to && path.charCodeAt(from) === 47) from++;
  while (to > from && path.charCodeAt(to - 1) === 47) to--;
  return from === to ? [] : path.slice(from, to).split('/');
}
