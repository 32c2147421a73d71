import { badRequest } from '../../machinery/status.js';
import { methodNotAllowed } from '../../rest/errors.js';
import { requestInfo } from '../request-info.js';
import type { Filter } from './filter.js';

/** What the path and method ask for (apiserver's WithRequestInfo). */
export const withRequestInfo: Filter = (context) => {
  const { method, rawPath, rawQuery } = context.incoming;
  context.path = decodedPath(rawPath);
  context.info = requestInfo(method, context.path, rawQuery);
  const { isResourceRequest, verb, subresource } = context.info;
  // OPTIONS has no verb, and is passed on by a proxy.
  const isPassedOn = method === 'OPTIONS' && subresource === 'proxy';
  if (isResourceRequest && verb === '' && !isPassedOn) throw methodNotAllowed();
  return undefined;
};

function decodedPath(raw: string): string {
  if (!raw.includes('%')) return raw;
  try {
    return decodeURIComponent(raw);
  } catch (error) {
    if (error instanceof URIError) throw badRequest(`the path is not valid percent-encoding: ${raw}`);
    throw error;
  }
}
